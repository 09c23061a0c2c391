# The server of a course's teacher on the hub: formgrader for that course, in the site's folder.
c = get_config()  # noqa: F821 - Jupyter gives it
c.ServerApp.jpserver_extensions = {
    "nbgrader.server_extensions.assignment_list": False,
    "nbgrader.server_extensions.validate_assignment": True,
    "nbgrader.server_extensions.course_list": False,
    "nbgrader.server_extensions.formgrader": True,
}
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
