# Configures every Jupyter program for this site: nbgrader, JupyterLab, formgrader, the hub. Plain assignments only, because any of them may run it.
# nbgrader finds it through nbgrader_config.py beside it; for JupyterLab: `JUPYTER_CONFIG_PATH=$PWD jupyter lab`, which is what `make lab` does.
# The course is the one named by PATUNAY_COURSE.
import os
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parent
COURSE = os.environ.get("PATUNAY_COURSE", "data-cleaning-with-pandas")

c = get_config()  # noqa: F821 - Jupyter gives it

c.CourseDirectory.course_id = COURSE
c.CourseDirectory.root = str(SITE / "work" / COURSE)
c.CourseDirectory.source_directory = str(SITE / "source_notebooks" / COURSE)
c.Exchange.root = str(SITE / "exchange")

# Feedback shows the scores, the comments and, for a failed check, its author's message: never the text of a hidden test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.feedback.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
# `nbgrader autograde` and formgrader's Autograde button grade with Patunay: sandboxed, and in its record. Without this line they grade as nbgrader does,
# with the rights of who calls them, and what they grade counts as ungraded here.
c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"

c.Execute.timeout = 30
c.KernelManager.transport_encryption = "required"

c.ServerApp.root_dir = str(SITE)
c.ServerApp.open_browser = False
c.LabApp.news_url = None

# --- The hub: `patunay hub`, or `jupyterhub -f jupyter_config.py`. Only a hub reads what follows; how to: docs/howto/run-a-hub.md ---
if "jupyterhub.app" in sys.modules:
    from portal.hub.configuration import site_hub

    hub = site_hub(SITE, idle_minutes=60)

    # Who signs in, and how. Here: the users of this machine, with their passwords. Change these lines for your institution's way.
    c.JupyterHub.authenticator_class = "pam"
    c.Authenticator.allow_existing_users = True  # those of people.toml, and whom an administrator adds
    # c.Authenticator.allow_all = True  # whoever can sign in
    #
    # OAuth / OpenID Connect (pip install oauthenticator):
    # c.JupyterHub.authenticator_class = "generic-oauth"
    # c.GenericOAuthenticator.client_id = os.environ["OAUTH_CLIENT_ID"]
    # c.GenericOAuthenticator.client_secret = os.environ["OAUTH_CLIENT_SECRET"]
    # c.GenericOAuthenticator.oauth_callback_url = "https://learn.example.edu/hub/oauth_callback"
    # c.GenericOAuthenticator.authorize_url = "https://login.example.edu/authorize"
    # c.GenericOAuthenticator.token_url = "https://login.example.edu/token"
    # c.GenericOAuthenticator.userdata_url = "https://login.example.edu/userinfo"
    # c.GenericOAuthenticator.username_claim = "preferred_username"
    # c.GenericOAuthenticator.scope = ["openid", "profile"]
    # c.GenericOAuthenticator.login_service = "Example University"  # as the button says it
    # Groups that the login brings, named as those of people.toml, which then counts no more: delete the line of load_groups below as well.
    # c.GenericOAuthenticator.manage_groups = True
    # c.GenericOAuthenticator.auth_state_groups_key = "oauth_user.groups"  # the claim
    # c.GenericOAuthenticator.allow_all = True
    #
    # LTI 1.3, from Moodle or Canvas (pip install jupyterhub-ltiauthenticator):
    # c.JupyterHub.authenticator_class = "ltiauthenticator.lti13.auth.LTI13Authenticator"
    # c.LTI13Authenticator.username_key = "email"
    # c.LTI13Authenticator.issuer = "https://moodle.example.edu"
    # c.LTI13Authenticator.authorize_url = "https://moodle.example.edu/mod/lti/auth.php"
    # c.LTI13Authenticator.jwks_endpoint = "https://moodle.example.edu/mod/lti/certs.php"
    # c.LTI13Authenticator.client_id = {os.environ["LTI_CLIENT_ID"]}

    # Where Jupyter servers run. Here: on this machine, each as its Unix user. Containers: c.JupyterHub.spawner_class = "docker" or "kubespawner.KubeSpawner".
    c.JupyterHub.spawner_class = "portal.hub.local_servers.LimitedLocalServers"
    c.Spawner.mem_limit = "8G"  # of local servers: each process's address space, of which Python takes far more than memory
    c.Spawner.start_timeout = 120
    c.Spawner.http_timeout = 120
    c.LocalProcessSpawner.interrupt_timeout = 3
    c.LocalProcessSpawner.term_timeout = 5

    # Where browsers reach the hub through a web server with TLS on another machine: then its cookies are never sent without.
    # c.JupyterHub.public_url = "https://learn.example.edu/"

    # What follows from the site: leave it as it is.
    c.Spawner.pre_spawn_hook = hub.prepare_server
    c.JupyterHub.allow_named_servers = True  # a teacher's, one for each course
    c.JupyterHub.load_groups = hub.settings.load_groups
    c.JupyterHub.load_roles = hub.settings.load_roles
    c.JupyterHub.services = hub.settings.services
    c.JupyterHub.default_url = hub.settings.default_url
    c.JupyterHub.bind_url = hub.bind_url
    c.JupyterHub.hub_port = hub.hub_port
    c.JupyterHub.template_paths = hub.template_paths
    c.JupyterHub.template_vars = hub.template_vars
    c.JupyterHub.tornado_settings = {"headers": hub.headers}
    c.JupyterHub.db_url = f"sqlite:///{hub.folder}/jupyterhub.sqlite"
    c.JupyterHub.cookie_secret_file = f"{hub.folder}/cookie-secret"
    c.ConfigurableHTTPProxy.command = hub.proxy_command
    c.ConfigurableHTTPProxy.api_url = hub.proxy_api_url
    c.ConfigurableHTTPProxy.auth_token = hub.proxy_token
    c.ConfigurableHTTPProxy.pid_file = f"{hub.folder}/proxy.pid"
