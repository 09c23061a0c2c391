"""Signing in with a real OpenID provider, by the lines of the site's `jupyter_config.py`: who may do what follows from the groups that the login brings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from courses.settings import Site
from portal.hub.proxy_program import install_proxy
from portal.hub.running import HubStart
from portal.hub.secret_files import hub_folder
from tests.journeys.running_hub import PATIENCE_MS, free_ports
from tests.portal.web.browser import chromium
from tests.small_site import COURSE, released_site

_NODE = Path(__file__).parents[1] / "node"
pytest.importorskip("oauthenticator", reason="needs oauthenticator (pip install oauthenticator)")
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not chromium() or not shutil.which("npm") or not (_NODE / "node_modules" / "oidc-provider").is_dir(),
        reason="needs Chromium and npm (make browser node)",
    ),
]

PEOPLE = {
    "ana": [f"nbgrader-{COURSE}"],
    "reyes": [f"formgrade-{COURSE}", "staff of the faculty"],
    "cruz": ["patunay-registrar"],
    "nobody": ["students"],
}
_SECRET = "a secret for this test alone"
_SERVERS = """
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(_folder / "homes" / "{username}")
c.Spawner.mem_limit = None
c.Spawner.args = _arguments
"""


@dataclass(frozen=True, slots=True)
class Institution:
    """A hub, and the login of the institution that it sends people to."""

    address: str
    people: Path

    def set_groups(self, **groups: list[str]) -> None:
        """Change who is in which groups."""
        self.people.write_text(json.dumps(PEOPLE | groups), encoding="utf-8")

    def sign_in(self, browser: Browser, name: str) -> Page:
        """Return a new browser's page of somebody who has signed in with the institution, and is where that leads."""
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{self.address}/services/portal/sign-in")
        page.get_by_role("link", name="Sign in with Example University").click()
        page.fill("[name=login]", name)
        page.fill("[name=password]", "any will do: the provider is real, its people are not")
        page.click("[type=submit]")
        page.click("[type=submit]")  # consent
        page.wait_for_url(f"{self.address}/**")
        page.wait_for_load_state()
        return page


def with_the_lines_for_openid(text: str, provider: str, hub: str) -> str:
    """Return a site's `jupyter_config.py` with its lines for OpenID in force, and without those that do not go with them."""
    block = re.search(r"    # OAuth / OpenID Connect.*?\n    #\n", text, re.DOTALL)
    assert block
    lines = re.sub(r"^    # (c\.)", r"    \1", block[0], flags=re.MULTILINE)
    for there, here in {
        "https://learn.example.edu/hub/": f"{hub}/hub/",
        "https://login.example.edu/authorize": f"{provider}/auth",
        "https://login.example.edu/token": f"{provider}/token",
        "https://login.example.edu/userinfo": f"{provider}/me",
    }.items():
        assert there in lines, there
        lines = lines.replace(there, here)
    given = "    c.JupyterHub.load_groups = hub.settings.load_groups\n"
    assert given in text
    return text.replace(block[0], lines).replace(given, "")


@pytest.fixture(scope="module")
def institution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institution]:
    folder = tmp_path_factory.mktemp("openid")
    site = released_site(folder / "site", tmp_path_factory.getbasetemp())
    port = free_ports(8)
    login = port + 4  # the hub takes four
    made = Institution(f"http://127.0.0.1:{port}", folder / "people.json")
    made.set_groups()
    environment = {"OAUTH_CLIENT_ID": "patunay", "OAUTH_CLIENT_SECRET": _SECRET}
    command = ["node", str(_NODE / "openid_provider.mjs"), str(login), f"{made.address}/hub/oauth_callback", str(made.people)]
    with (folder / "said").open("wb") as said:
        provider = subprocess.Popen(command, env={**os.environ, **environment}, stdout=said, stderr=said)
        try:
            wait_for(f"http://127.0.0.1:{login}/.well-known/openid-configuration", provider)
            yield from running(site, made, f"http://127.0.0.1:{login}", environment)
        finally:
            provider.terminate()
            provider.wait(20)


def running(site: Site, made: Institution, provider: str, environment: dict[str, str]) -> Iterator[Institution]:
    """Run the hub as `patunay hub` starts it, but with servers that need no Unix accounts."""
    configuration = site.root / "jupyter_config.py"
    configuration.write_text(with_the_lines_for_openid(configuration.read_text(encoding="utf-8"), provider, made.address), encoding="utf-8")
    folder = hub_folder(site.root)
    install_proxy(folder, told=lambda _line: None)
    own = folder / "with_simple_servers.py"
    arguments = ["--allow-root"] if os.geteuid() == 0 else []
    head = f'from pathlib import Path\n_folder = Path("{folder}")\n_arguments = {arguments}\nload_subconfig("{configuration}")\n'
    own.write_text(head + _SERVERS, encoding="utf-8")
    start = HubStart(site, "127.0.0.1", int(made.address.rpartition(":")[2]), try_out=True)
    command = [*start.command()[:-1], str(own)]
    with start.log.open("wb") as log:
        hub = subprocess.Popen(command, cwd=folder, env={**start.environment(), **environment}, stdout=log, stderr=log)
    try:
        wait_for(f"{made.address}/services/portal/", hub)
        yield made
    finally:
        hub.terminate()
        hub.wait(120)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return when something answers at this address."""
    deadline = time.monotonic() + 180
    while True:
        try:
            if httpx.get(address, timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("name", "leads_to", "may", "may_not"),
    [
        ("ana", "my", "my", (f"teach/{COURSE}", "office/register")),
        ("reyes", "teach", f"teach/{COURSE}", ("office/register",)),
        ("cruz", "office", "office/register", (f"teach/{COURSE}",)),
        ("nobody", "my", "my", ("office/register", f"teach/{COURSE}")),
    ],
)
def test_the_groups_of_the_login_decide_what_somebody_may(
    institution: Institution, browser: Browser, name: str, leads_to: str, may: str, may_not: tuple[str, ...]
) -> None:
    portal = f"{institution.address}/services/portal/"
    page = institution.sign_in(browser, name)
    assert page.url == portal + leads_to
    answer = page.goto(portal + may)
    assert answer
    assert answer.status == 200
    for path in may_not:
        assert page.request.get(portal + path).status == 403, path
    page.context.close()


def test_who_has_left_a_group_is_out_of_it_at_the_next_sign_in(institution: Institution, browser: Browser) -> None:
    register = f"{institution.address}/services/portal/office/register"
    before = institution.sign_in(browser, "cruz")
    assert before.request.get(register).status == 200
    institution.set_groups(cruz=[])
    after = institution.sign_in(browser, "cruz")
    assert after.request.get(register).status == 403


def test_a_learner_of_the_login_works_in_jupyter(institution: Institution, browser: Browser) -> None:
    ana = institution.sign_in(browser, "ana")
    ana.goto(f"{institution.address}/hub/spawn")
    ana.wait_for_url("**/user/ana/lab**")
