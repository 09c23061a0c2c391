# nbgrader as learners meet it on the hub: the courses of their groups, each in a folder of its own, handed in under the name they signed in with.
import os

c = get_config()  # noqa: F821 - Jupyter gives it
c.Exchange.root = os.environ["PATUNAY_EXCHANGE"]
c.Exchange.path_includes_course = True
c.ExchangeSubmit.strict = True
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
