"""The service itself: what arrives is graded, each attempt once, whatever happens to it meanwhile."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.nbgrader_database import open_gradebook
from courses.nbgrader_course import open_course
from courses.settings import Site
from portal.grading_service.health import read_health
from tests.portal.commands import assert_diagnosed, patunay
from tests.portal.grading_service.working_site import results, running_service, start_service, submit, wait_until
from tests.small_site import COURSE

pytestmark = pytest.mark.slow


def score(site: Site, learner: str) -> float:
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        return float(gradebook.find_submission("basics", learner).score)


@pytest.mark.thorough
def test_what_arrives_is_graded_and_stands_in_the_gradebook_one_after_another(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running_service(site, log):
        submit(site, "ana")
        submit(site, "ben", "return 4")
        wait_until(lambda: {"ana", "ben"} <= results(site).keys(), "two attempts are graded", log)
        submit(site, "ben")
        wait_until(lambda: len(results(site)["ben"]) == 2 and results(site)["ben"][1][1], "the second attempt is graded and shown", log)
        health = read_health(site, now=datetime.now(UTC))
        assert health.is_running
        assert_diagnosed(patunay("watch", cwd=site.root), "another process is grading what arrives at this site")
        assert patunay("watch", "--status", "--json", cwd=site.root).json()["courses"][0]["graded"] == 3
    assert (score(site, "ana"), score(site, "ben")) == (10.0, 10.0)
    assert results(site)["ben"] == [("graded", False), ("graded", True)]
    told = log.read_text(encoding="utf-8")
    assert "ana" not in told, "the log names nobody"
    assert "ben" not in told


STAGES = {
    "collected": "SELECT count(*) FROM attempt WHERE learner = ?",
    "being graded": "SELECT count(*) FROM grading_run WHERE submissions LIKE '%' || (SELECT digest FROM attempt WHERE learner = ?) || '%'",
    "graded": "SELECT count(*) FROM result JOIN attempt ON attempt.id = attempt_id WHERE learner = ?",
}
"""How far an attempt is, or has been: who looks may have stood still when it was."""


def kill_when(site: Site, stage: str, learner: str, log: Path, *, after_s: float) -> None:
    """Start the service, hand in, and kill it as soon as the attempt is so far, or a moment later."""
    service = start_service(site, log)
    submit(site, learner, f"return n * n  # {learner}")
    with contextlib.closing(sqlite3.connect(site.course_root(COURSE) / "grading.db", timeout=30)) as records:
        wait_until(lambda: records.execute(STAGES[stage], (learner,)).fetchone() != (0,), stage, log, pause_s=0.01)
    time.sleep(after_s)
    service.send_signal(signal.SIGKILL)
    service.wait()


def unfinished_runs(site: Site) -> int:
    with contextlib.closing(sqlite3.connect(site.course_root(COURSE) / "grading.db", timeout=30)) as records:
        return int(records.execute("SELECT count(*) FROM grading_run WHERE outcome = ''").fetchone()[0])


def check_each_is_graded_once(site: Site, learners: set[str], log: Path) -> None:
    with running_service(site, log):
        wait_until(lambda: learners <= results(site).keys(), "everybody is graded", log)
        wait_until(lambda: all(each[-1][1] for each in results(site).values()), "everybody is shown", log)
    assert all(each == [("graded", True)] for each in results(site).values())
    assert all(score(site, learner) == 10.0 for learner in learners)
    assert unfinished_runs(site) == 0


def test_a_service_that_is_killed_while_it_grades_goes_on_and_grades_nothing_twice(site: Site, tmp_path: Path) -> None:
    log, learners = tmp_path / "log", list[str]()
    while not unfinished_runs(site):  # it may have graded before this process saw that it does
        assert len(learners) < 5
        learners.append(f"learner{len(learners)}")
        kill_when(site, "being graded", learners[-1], log, after_s=0)
    check_each_is_graded_once(site, set(learners), log)


@pytest.mark.thorough
def test_a_service_that_is_killed_again_and_again_loses_nothing_and_grades_nothing_twice(site: Site, tmp_path: Path) -> None:
    log, chance = tmp_path / "log", random.Random(6)
    learners = [f"learner{number}" for number in range(9)]
    for learner, stage in zip(learners, list(STAGES) * 3, strict=True):
        kill_when(site, stage, learner, log, after_s=chance.uniform(0, 0.5))
    check_each_is_graded_once(site, set(learners), log)


@pytest.mark.thorough
def test_a_broken_course_is_told_and_stops_no_other(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name, text in (("damaged", "{"), ("another", json.dumps({"course": "another"}))):
        folder = site.root / "work" / name
        folder.mkdir()
        (folder / "current-release.json").write_text(text, encoding="utf-8")
    with sqlite3.connect(site.course_root(COURSE) / "grading.db", timeout=60) as holder, running_service(site, log):
        holder.execute("BEGIN IMMEDIATE")
        submit(site, "ana")

        def problems() -> dict[str, str]:
            health = read_health(site, now=datetime.now(UTC))
            return {each.course: each.problem for each in health.problems}

        wait_until(lambda: problems().keys() >= {"damaged", "another", COURSE}, "all three are told", log)
        assert "locked" in problems()[COURSE]
        holder.rollback()
        wait_until(lambda: "ana" in results(site), "the course that was locked is graded", log)
        wait_until(lambda: COURSE not in problems(), "its problem is over", log)
        assert problems().keys() == {"damaged", "another"}
