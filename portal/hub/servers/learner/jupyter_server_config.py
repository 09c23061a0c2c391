# A learner's Jupyter server on the hub: fetching, checking and handing in; nothing of a teacher's.
from pathlib import Path

c = get_config()  # noqa: F821 - Jupyter gives it
c.ServerApp.jpserver_extensions = {
    "nbgrader.server_extensions.assignment_list": True,
    "nbgrader.server_extensions.validate_assignment": True,
    "nbgrader.server_extensions.course_list": False,
    "nbgrader.server_extensions.formgrader": False,
    "portal.hub.opening": True,
}
c.LabApp.extra_labextensions_path = [str(Path(__file__).resolve().parent / "labextensions")]
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
