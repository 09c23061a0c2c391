"""Makes courses: scaffolds, imports from other forms, Markdown for reviews, and the taking in of nbgrader courses. Nothing here runs a notebook."""
