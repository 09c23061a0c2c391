"""A real hub as `patunay hub` starts it, with real browsers: learners, a teacher, an administrator, and what they must not reach."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from autograder.gradebook import read_gradebook
from courses.nbgrader_course import open_course
from portal.hub.server_plan import assignment_address, formgrader_address
from tests.journeys.notebook_typing import type_answer
from tests.journeys.running_hub import RunningHub, address_told, ask, running_hub, wait_gone
from tests.portal.web.browser import barriers, chromium, overflow
from tests.small_site import COURSE, released_site

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not chromium() or not shutil.which("npm"), reason="needs Chromium and npm (make browser node)"),
]


def wait_until_graded(course_root: Path, learner: str) -> None:
    """Return when the gradebook has the learner's work graded: the hub's grading service does it."""
    deadline = time.monotonic() + 180
    while True:
        table = read_gradebook(open_course(course_root)).assignments
        if "graded" in set(table.loc[table["learner"] == learner, "state"]):
            return
        assert time.monotonic() < deadline, table
        time.sleep(1)


def test_it_says_plainly_that_it_is_only_tried_out_and_where_it_is(hub: RunningHub) -> None:
    assert "TRYING OUT" in hub.told
    assert hub.password() in hub.told
    assert address_told(hub.told) == f"{hub.address}/"


def test_the_portal_is_the_first_page_for_everybody(hub: RunningHub) -> None:
    for path in ("/", "/hub/"):
        answer = httpx.get(hub.address + path, follow_redirects=True, timeout=60)
        assert (answer.status_code, answer.url.path) == (200, "/services/portal/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_keeps_nobody_out(hub: RunningHub, browser: Browser, scheme: str) -> None:
    page = browser.new_context(viewport={"width": 360, "height": 640}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(f"{hub.address}/hub/login")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in to Sample badges"
    assert (barriers(page), overflow(page)) == ([], 0)
    page.fill("#username_input", "ana")
    page.fill("#password_input", "guessed")
    page.keyboard.press("Enter")
    assert "Invalid username or password" in page.get_by_role("alert").inner_text()
    assert barriers(page) == []


def test_a_learner_opens_an_assignment_and_hands_it_in_it_is_graded_by_itself_and_their_teacher_sees_it_in_formgrader(
    hub: RunningHub, browser: Browser
) -> None:
    ana = hub.sign_in(browser, "ana")
    ana.goto(hub.address + assignment_address("/hub/", "ana", COURSE, "basics"))
    ana.wait_for_url(f"**/user/ana/lab/tree/{COURSE}/basics/basics.ipynb")
    listed = json.loads(ask(ana, "GET", f"/user/ana/assignments?course_id={COURSE}")[1])["value"]
    assert {each["assignment_id"]: each["status"] for each in listed} == {"basics": "fetched", "project": "released"}
    status, text = ask(ana, "POST", f"/user/ana/assignments/submit?course_id={COURSE}&assignment_id=basics")
    assert (status, json.loads(text)["success"]) == (200, True)
    handed_in = [path.name.split("+")[0] for path in (hub.site / "exchange" / COURSE / "inbound").iterdir()]
    assert handed_in == ["ana"]

    teacher = hub.sign_in(browser, "faculty")
    teacher.goto(hub.address + formgrader_address("/hub/", "faculty", COURSE))
    teacher.wait_for_url("**/formgrader/manage_assignments")
    teacher.get_by_text("basics").first.wait_for()
    wait_until_graded(hub.site / "work" / COURSE, "ana")
    shown = json.loads(ask(teacher, "GET", f"/user/faculty/{COURSE}/formgrader/api/submissions/basics")[1])
    assert [(each["student"], each["autograded"], each["submitted"]) for each in shown if each["submitted"]] == [("ana", True, True)]


def test_what_is_no_assignment_of_theirs_is_not_there_to_open(hub: RunningHub, browser: Browser) -> None:
    ben = hub.sign_in(browser, "ben")
    ben.goto(hub.address + assignment_address("/hub/", "ben", COURSE, "basics"))
    ben.wait_for_url("**/lab/tree/**")
    for course, assignment in ((COURSE, "no-such"), ("another-course", "basics"), (COURSE, "..%2f..%2f..%2fkeys"), ("..", "keys")):
        assert ask(ben, "GET", f"/user/ben/patunay/open/{course}/{assignment}")[0] == 404


def test_what_a_learner_looks_away_from_is_saved_and_a_tile_leads_back_to_the_portal(hub: RunningHub, browser: Browser) -> None:
    ben = hub.sign_in(browser, "ben")
    ben.goto(hub.address + assignment_address("/hub/", "ben", COURSE, "basics"))
    ben.wait_for_url("**/lab/tree/**")
    type_answer(ben, "square = abs  # not saved by anybody")
    ben.get_by_role("button", name="New Launcher").first.click()
    kept = hub.site / "hub" / "homes" / "ben" / COURSE / "basics" / "basics.ipynb"
    deadline = time.monotonic() + 60
    while "not saved by anybody" not in kept.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ben.locator(".jp-LauncherCard", has_text="My courses").click()
    ben.wait_for_url("**/services/portal/my")


def test_what_is_said_in_jupyterlab_is_in_the_language_that_was_chosen_in_the_portal(hub: RunningHub, browser: Browser) -> None:
    ben = hub.sign_in(browser, "ben")
    ben.goto(f"{hub.address}/services/portal/my?lang=fil")
    ben.goto(hub.address + assignment_address("/hub/", "ben", COURSE, "basics"))
    ben.locator(".jp-NotebookPanel-toolbar >> text=Ipasa").click()
    assert "Ipapasa ang “basics”?" in ben.get_by_role("dialog").inner_text()
    ben.get_by_role("dialog").get_by_role("button", name="Huwag muna").click()
    ben.get_by_role("button", name="New Launcher").first.click()
    ben.locator(".jp-LauncherCard", has_text="Mga kurso ko").click()
    ben.wait_for_url("**/services/portal/my")


def test_only_an_assignment_that_is_there_is_handed_in(hub: RunningHub, browser: Browser) -> None:
    ben = hub.sign_in(browser, "ben")
    ben.goto(hub.address + "/hub/spawn")
    ben.wait_for_url("**/user/ben/lab**")
    assert ask(ben, "GET", f"/user/ben/patunay/hand-in/{COURSE}/project")[0] == 200
    for course, assignment in ((COURSE, "no-such"), ("another-course", "basics"), ("..", "keys")):
        assert ask(ben, "GET", f"/user/ben/patunay/hand-in/{course}/{assignment}")[0] == 404
    status, told = ask(ben, "POST", f"/user/ben/patunay/hand-in/{COURSE}/project")  # never fetched
    assert status == 409
    assert "not found" in told


def test_a_learner_reaches_nobodys_server_no_list_of_people_and_no_formgrader(hub: RunningHub, browser: Browser) -> None:
    ana = hub.sign_in(browser, "ana")
    for path, refused in (  # 404: there is no such page, or it does not run now
        ("/hub/api/users", 403),
        ("/hub/api/groups", 403),
        ("/hub/api/services", 403),
        ("/hub/admin", 403),
        ("/hub/api/users/ben", 404),
        (f"/hub/spawn/ana/{COURSE}", 403),
        ("/hub/spawn/ben", 404),
        ("/user/ben/lab", 404),
    ):
        assert ana.request.get(hub.address + path).status in {refused, 403}, path
    ana.goto(hub.address + "/hub/spawn")
    ana.wait_for_url("**/user/ana/lab**")
    for path in ("/formgrader", "/formgrader/api/assignments", "/formgraders", "/course_list"):
        assert ask(ana, "GET", f"/user/ana{path}")[0] == 404, path


def test_a_teacher_has_no_server_of_a_course_that_is_not_theirs(hub: RunningHub, browser: Browser) -> None:
    teacher = hub.sign_in(browser, "faculty")
    answer = teacher.request.get(f"{hub.address}/hub/spawn/faculty/another-course")
    assert answer.status == 403


def test_an_administrator_sees_people_and_cannot_enter_their_servers(hub: RunningHub, browser: Browser) -> None:
    administrator = hub.sign_in(browser, "administrator")
    administrator.goto(f"{hub.address}/hub/admin")
    administrator.get_by_text("ana", exact=True).first.wait_for()
    assert administrator.request.get(f"{hub.address}/user/ana/lab").status in {403, 404}
    assert administrator.request.post(f"{hub.address}/hub/api/users/ana/tokens").status in {403, 404}


def test_the_portals_own_token_can_do_nothing_but_say_who_it_is(hub: RunningHub) -> None:
    token = hub.environment_of("portal.cli", "serve")["JUPYTERHUB_API_TOKEN"]
    client = httpx.Client(base_url=f"{hub.address}/hub/api", headers={"Authorization": f"token {token}"}, timeout=60)
    model = client.get("/user").json()
    assert (model["kind"], model["name"], model["admin"], model["scopes"]) == ("service", "portal", False, [])
    for path in ("/users", "/groups", "/services", "/users/ana", "/proxy", "/info"):
        assert client.get(path).status_code in {403, 404}, path
    client.close()


def test_secrets_are_only_their_owners(hub: RunningHub) -> None:
    folder = hub.site / "hub"
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("proxy-token", "cookie-secret", "try-out-password"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_a_second_hub_for_the_site_is_refused(hub: RunningHub) -> None:
    command = [sys.executable, "-m", "portal.cli", "hub", "--try-out", "--site", str(hub.site), "--port", "18300"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 1
    assert f"runs already (process {hub.process.pid})" in second.stderr


def test_the_end_of_it_leaves_nothing_running_even_if_the_hub_itself_was_killed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    site = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    with running_hub(site.root, "--try-out") as running:
        ana = running.sign_in(browser, "ana")
        ana.goto(running.address + assignment_address("/hub/", "ana", COURSE, "basics"))
        ana.wait_for_url("**/lab/tree/**")
        everything = running.descendants()
        assert len(everything) >= 6  # hub, proxy, portal, grading, culler, a server
        jupyterhub = next(each for each in everything if "jupyterhub" in each.cmdline())
        os.kill(jupyterhub.pid, signal.SIGKILL)
        assert running.process.wait(60) == 1
        assert wait_gone(everything) == []
