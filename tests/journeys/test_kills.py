"""`kill -9` of the portal, of grading and of the hub, in turn, while several learners hand in: who has a receipt is graded, once, and nobody twice."""

from __future__ import annotations

import re
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest

from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, Result, open_records
from courses.nbgrader_course import open_course
from courses.settings import Site
from tests.journeys.running_hub import RunningHub, running_hub
from tests.small_site import COURSE, released_site

pytestmark = [pytest.mark.thorough, pytest.mark.skipif(not shutil.which("npm"), reason="needs npm (make node)")]

LEARNERS = ("lea", "lito", "luz", "lando")
PATIENCE_S = 300.0
_PAGE = f"services/portal/my/{COURSE}/basics/hand-in"


@dataclass
class Load:
    """Learners who hand in again and again, whatever answers meanwhile."""

    site: Site
    hub: RunningHub
    receipts: set[tuple[str, str]] = field(default_factory=set)
    """Learner and hash, as the portal told them."""
    failures: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def work(self, learner: str) -> None:
        """Hand in one thing after the other."""
        number = 0
        while not self.is_over.is_set():
            number += 1
            try:
                self.receipts.add((learner, self._hand_in(learner, number)))
            except (httpx.HTTPError, LookupError):  # nobody answers just now, or somebody who starts: the learner tries again
                self.failures += 1
            self.is_over.wait(1)

    def _hand_in(self, learner: str, number: int) -> str:
        with httpx.Client(base_url=self.hub.address, follow_redirects=True, timeout=30) as client:
            sign_in = client.get("/hub/login", params={"next": f"/{_PAGE}"})
            told = {"username": learner, "password": self.hub.password(), "_xsrf": _token(sign_in)}
            page = client.post("/hub/login", params={"next": f"/{_PAGE}"}, data=told)
            file = ("basics.ipynb", _solved(self.site, f"{learner} {number}"))
            answer = client.post(f"/{_PAGE}", data={"_xsrf": _token(page)}, files={"file": file})
        found = re.search(r"Receipt \(SHA-256\)</dt><dd class=\"mono\">([0-9a-f]{64})", answer.text)
        if not found:
            raise LookupError(answer.status_code)
        return found[1]


def _token(page: httpx.Response) -> str:
    found = re.search(r'name="_xsrf"\s+value="([^"]+)"', page.text)
    if not found:
        raise LookupError(page.status_code)
    return found[1]


def _solved(site: Site, remark: str) -> bytes:
    node: Any = nbformat.read(site.course_root(COURSE) / "release" / "basics" / "basics.ipynb", as_version=4)
    next(
        cell for cell in node.cells if cell.metadata.nbgrader.grade_id == "square"
    ).source = f"def square(n):\n    return n * n  # {remark}"
    return str(nbformat.writes(node)).encode("utf-8")


def site_with_learners(folder: Path, parent: Path) -> Site:
    site = released_site(folder, parent)
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        for learner in LEARNERS:
            gradebook.update_or_create_student(learner, first_name=learner, last_name="Cruz", email=f"{learner}@learners.example")
        gradebook.db.commit()
    return site


def wait_until(is_so: Callable[[], bool], what: str, load: Load) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            log = (load.site.root / "hub" / "hub.log").read_text(encoding="utf-8")[-4000:]
            raise AssertionError(f"not after {PATIENCE_S:.0f} s: {what}; {len(load.receipts)} receipts, {load.failures} failures\n{log}")
        time.sleep(0.2)


def wait_for_receipts(load: Load, more: int) -> None:
    enough = len(load.receipts) + more
    wait_until(lambda: len(load.receipts) >= enough, f"{more} more receipts", load)


def kill(load: Load, *words: str) -> None:
    """Kill that process at once, and return when the hub has started another."""
    victim = load.hub.find_process(*words)
    assert victim
    victim.send_signal(signal.SIGKILL)
    wait_until(lambda: (found := load.hub.find_process(*words)) is not None and found.pid != victim.pid, f"{words} runs again", load)


def results_of(site: Site) -> dict[tuple[str, str], list[list[str]]]:
    """Return the states of the results of each attempt, by learner and hash."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    with open_records(site.course_root(COURSE)) as session:
        for attempt in session.query(Attempt):
            told = [result.status for result in session.query(Result).filter(Result.attempt_id == attempt.id)]
            found.setdefault((attempt.learner, attempt.digest), []).append(told)
    return found


def test_whoever_has_a_receipt_is_graded_once_whatever_is_killed_meanwhile(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = site_with_learners(tmp_path / "site", tmp_path_factory.getbasetemp())
    with running_hub(site.root, "--try-out") as first:
        load = Load(site, first)
        learners = [threading.Thread(target=load.work, args=(learner,)) for learner in LEARNERS]
        for each in learners:
            each.start()
        try:
            wait_for_receipts(load, 6)
            kill(load, "portal.cli", "serve")
            wait_for_receipts(load, 6)
            kill(load, "portal.cli", "watch")
            wait_for_receipts(load, 6)
            hub = first.find_process("jupyterhub")
            assert hub
            hub.send_signal(signal.SIGKILL)
            assert first.process.wait(120) == 1
            with running_hub(site.root, "--try-out") as second:  # as whoever watches over it starts it again
                load.hub = second
                wait_for_receipts(load, 6)
                load.is_over.set()
                for each in learners:
                    each.join(120)
                wait_until(lambda: load.receipts <= results_of(site).keys(), "all are collected", load)
                wait_until(lambda: all(told for each in results_of(site).values() for told in each), "all are graded", load)
        finally:
            load.is_over.set()
    assert load.failures > 0, "nobody noticed anything: nothing was killed under load"
    assert {tuple(told) for each in results_of(site).values() for told in each} == {("graded",)}
