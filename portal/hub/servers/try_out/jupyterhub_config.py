# `patunay hub --try-out`: the site's own configuration, then other people and other servers: one password for invented people, and everything as one Unix user.
import os
from pathlib import Path

from portal.hub.trying_out import people_to_try, try_out_password

c = get_config()  # noqa: F821 - Jupyter gives it
_site = Path(os.environ["PATUNAY_HUB_SITE"])
load_subconfig(str(_site / "jupyter_config.py"))  # noqa: F821

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = try_out_password(_site)
c.SharedPasswordAuthenticator.admin_password = None
c.Authenticator.admin_users = set()
c.Authenticator.manage_groups = False

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(_site / "hub" / "homes" / "{username}")
c.Spawner.mem_limit = None
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
_groups = {_group: {"users": list(_names)} for _group, _names in people_to_try(_site).items()}
for _group, _given in dict(c.JupyterHub.get("load_groups", {})).items():  # absent where the site's groups come from its login
    _users = _groups.setdefault(_group, {"users": []})["users"]
    _users.extend(name for name in _given["users"] if name not in _users)
c.JupyterHub.load_groups = _groups
