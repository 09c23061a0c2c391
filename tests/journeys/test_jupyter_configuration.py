"""A site's folder as Jupyter programs see it: nbgrader's commands, JupyterLab's server and formgrader work there as they are."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.gradebook import read_gradebook
from courses.nbgrader_course import open_course
from portal.site_making import NewSite, make_site
from tests.journeys.running_hub import free_ports
from tests.small_course import SQUARE, make_small_course

pytestmark = pytest.mark.slow

COURSE = "data-cleaning-with-pandas"
PROGRAMS = Path(sys.executable).parent


def make_sample_site(folder: Path) -> Path:
    wanted = NewSite(
        "Sample",
        "https://credentials.bayanihan.example",
        "Sample University",
        "https://bayanihan.example",
        "r@bayanihan.example",
        samples=(COURSE,),
    )
    return make_site(folder, wanted).root


def jupyter_environment(home: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(home),
        "JUPYTER_PLATFORM_DIRS": "1",
        "PATUNAY_COURSE": COURSE,
        **more,
    }


@contextlib.contextmanager
def jupyter_lab(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Start JupyterLab's server in `folder` and yield its address."""
    port = free_ports(1)
    command = [
        str(PROGRAMS / "jupyter"),
        "lab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=t",
    ]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


def ask(address: str, path: str, *, post: bool = False) -> Any:
    """Return the JSON at `path`, once the server answers."""
    deadline = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"{address}{path}", headers={"Authorization": "token t"}, data=b"" if post else None), timeout=120
            ) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@pytest.mark.thorough
def test_nbgraders_own_commands_work_in_a_site_as_it_is(tmp_path: Path) -> None:
    site = make_sample_site(tmp_path / "site")
    environment = jupyter_environment(tmp_path)
    for command in (["generate_assignment", "first-look"], ["release_assignment", "first-look"]):
        done = subprocess.run(
            [str(PROGRAMS / "nbgrader"), *command], cwd=site, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
    released = site / "exchange" / COURSE / "outbound" / "first-look" / "first-look.ipynb"
    assert "BEGIN SOLUTION" not in released.read_text(encoding="utf-8")
    assert (site / "work" / COURSE / "gradebook.db").is_file()


def test_formgrader_in_jupyterlab_lists_the_sites_course(tmp_path: Path) -> None:
    site = make_sample_site(tmp_path / "site")
    with jupyter_lab(site, jupyter_environment(tmp_path, JUPYTER_CONFIG_PATH=str(site))) as address:
        assignments = {each["name"] for each in ask(address, "/formgrader/api/assignments")}
        contents = ask(address, "/api/contents/")
    assert assignments == {"first-look", "repair", "reshape-and-join"}
    assert "patunay.toml" in {each["name"] for each in contents["content"]}


@pytest.mark.thorough
def test_formgrader_shows_what_patunay_graded_in_any_course_directory(tmp_path: Path) -> None:
    course = make_small_course(tmp_path / "course")
    course.submit("ana", SQUARE, "found = 3", essay="An answer.")
    course.submit("ben", "def square(n):\n    return 2 * n", "found = 1")
    command = [sys.executable, "-m", "portal.cli", "grade", "ps1", "--root", "."]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    with jupyter_lab(course.root, jupyter_environment(tmp_path)) as address:
        shown = {each["student"]: each for each in ask(address, "/formgrader/api/submissions/ps1")}
    assert {name: (each["score"], each["needs_manual_grade"], each["autograded"]) for name, each in shown.items()} == {
        "ana": (5.0, True, True),
        "ben": (1.0, False, True),
    }


def test_formgraders_autograde_button_grades_with_patunay(tmp_path: Path) -> None:
    course = make_small_course(
        tmp_path / "course",
        config='c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"\nc.GradeWithPatunay.assurance = "compat"',
    )
    course.submit("ana", SQUARE, "found = 3")
    course.submit("eve", f"import os\nassert not os.path.exists({str(course.root / 'gradebook.db')!r})\n{SQUARE}", "found = 3")
    with jupyter_lab(course.root, jupyter_environment(tmp_path)) as address:
        ask(address, "/formgrader/api/assignments")
        pressed = {learner: ask(address, f"/formgrader/api/submission/ps1/{learner}/autograde", post=True) for learner in ("ana", "eve")}
        shown = {each["student"]: (each["score"], each["autograded"]) for each in ask(address, "/formgrader/api/submissions/ps1")}
    assert all(told["success"] for told in pressed.values()), pressed
    assert shown == {"ana": (5.0, True), "eve": (5.0, True)}, "the gradebook is out of reach"
    states = read_gradebook(course.open()).assignments.set_index("learner")["state"].to_dict()
    assert states == {"ana": "graded", "eve": "graded"}


def test_a_new_site_has_the_switch_on(tmp_path: Path) -> None:
    site = make_sample_site(tmp_path / "site")
    assert open_course(site).option("Autograde", "exporter_class") == "autograder.nbgrader_switch.GradeWithPatunay"


def test_the_repositorys_configuration_is_the_one_that_new_sites_get() -> None:
    root, template = Path(__file__).parents[2], Path(__file__).parents[2] / "portal" / "site_template"
    for name in ("jupyter_config.py", "nbgrader_config.py"):
        assert (root / name).read_text(encoding="utf-8") == (template / name).read_text(encoding="utf-8")
