"""What is taught: manifests, notebooks as typed cells, authoring checks, release through nbgrader."""
