"""The site's `jupyter_config.py`: what a hub reads in it, and that other programs read nothing of that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.hub.configuration import forwarding
from portal.site_making import make_site
from tests.small_site import COURSE, WANTED, write_course

pytestmark = pytest.mark.slow

_LOAD = """
import json, sys
{before}
from traitlets.config.loader import PyFileConfigLoader
config = PyFileConfigLoader("jupyter_config.py", sys.argv[1]).load_config()
print(json.dumps({{"config": config, "ours": sorted(name for name in sys.modules if name.startswith("portal"))}}, default=str))
"""


def load(site: Path, *, as_hub: bool, **environment: str) -> Any:
    code = _LOAD.format(before="import jupyterhub.app" if as_hub else "")
    done = subprocess.run(
        [sys.executable, "-c", code, str(site)], env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = make_site(tmp_path / "site", WANTED)
    write_course(made.courses)
    program = made.root / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"
    program.parent.mkdir(parents=True)
    program.touch()
    (made.root / "hub").chmod(0o700)
    (made.root / "people.toml").write_text(f'formgrade-{COURSE} = ["reyes"]\n', encoding="utf-8")
    return made.root


def test_other_programs_read_no_word_of_the_hub(site: Path) -> None:
    read = load(site, as_hub=False)
    assert read["ours"] == []
    assert "JupyterHub" not in read["config"]
    assert read["config"]["CourseDirectory"]["course_id"]


def test_a_hub_reads_groups_roles_services_and_its_places_in_the_site(site: Path) -> None:
    config = load(site, as_hub=True, PATUNAY_HUB_TRY_OUT="1", PATUNAY_HUB_ADDRESS="127.0.0.1:9000")["config"]
    hub = config["JupyterHub"]
    assert "first_page" in hub["default_url"]
    assert (hub["bind_url"], hub["hub_port"]) == ("http://127.0.0.1:9000", 9002)
    assert hub["load_groups"][f"formgrade-{COURSE}"] == {"users": ["reyes"]}
    assert {service["name"] for service in hub["services"]} >= {"portal", "idle-culler"}
    assert hub["db_url"] == f"sqlite:///{site}/hub/jupyterhub.sqlite"
    assert config["Authenticator"] == {"allow_existing_users": True}
    assert len(config["ConfigurableHTTPProxy"]["auth_token"]) == 64


@pytest.mark.parametrize(
    ("address", "is_own"), [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("0.0.0.0", False), ("10.0.0.5", False), ("", False)]
)
def test_the_proxy_leaves_who_asks_to_a_web_server_only_where_this_machine_alone_reaches_it(address: str, is_own: bool) -> None:
    assert forwarding(address) == (["--no-x-forward"] if is_own else [])
