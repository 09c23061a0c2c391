"""Simulated learners fetch and submit through nbgrader's own exchange, each from a folder of their own, as they would from their Jupyter home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError as NbgraderExchangeError
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Config

from courses.errors import ExchangeError
from courses.nbgrader_course import NbgraderCourse
from courses.storage import remove_folder
from portal.demonstration.answers import BankEntry, fill_in, plan_attempt
from portal.demonstration.roster import Kind, SimulatedLearner

_COMPLETE = "submission_secret.txt"
"""nbgrader writes it last."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the learners of one course work."""

    course: NbgraderCourse
    homes: Path
    """One folder a learner."""
    assignments: tuple[str, ...]
    bank: dict[str, dict[str, BankEntry]]


def hand_in(desk: Desk, learners: tuple[SimulatedLearner, ...], *, again: bool = False) -> Iterator[int]:
    """Let `learners` fetch, fill in and submit what they have not submitted yet; yield 1 for each submission and 0 for each that was there.

    Raises:
        ExchangeError: nbgrader refuses to fetch or submit.
    """
    for learner in learners:
        for place, assignment in enumerate(desk.assignments):
            attempt = plan_attempt(learner.kind, place, len(desk.assignments), again=again)
            if attempt is None:
                continue
            if _submitted(desk, learner, assignment) > int(again):
                yield 0
                continue
            folder = desk.homes / learner.id / desk.course.course_id / assignment
            remove_folder(folder)
            folder.parent.mkdir(parents=True, exist_ok=True)
            _exchange(desk, learner, assignment, "FetchAssignment")
            for notebook in folder.glob("*.ipynb"):
                if attempt.twist is Kind.MISSING:
                    notebook.unlink()
                else:
                    fill_in(notebook, desk.bank[assignment], attempt)
            _exchange(desk, learner, assignment, "Submit")
            yield 1


def _submitted(desk: Desk, learner: SimulatedLearner, assignment: str) -> int:
    """Return how many complete submissions stand in the exchange; an interrupted one is taken away."""
    inbound = desk.course.exchange / desk.course.course_id / "inbound"
    count = 0
    for folder in inbound.glob(f"{learner.id}+{assignment}+*"):
        if (folder / _COMPLETE).is_file():
            count += 1
        else:
            remove_folder(folder)
    return count


def _exchange(desk: Desk, learner: SimulatedLearner, assignment: str, step: str) -> None:
    """Do what `nbgrader fetch_assignment` or `nbgrader submit` does for this learner."""
    home = desk.homes / learner.id
    config = Config()
    config.Exchange.root = str(desk.course.exchange)
    config.Exchange.cache = str(home / ".nbgrader_cache")
    config.Exchange.assignment_dir = str(home / desk.course.course_id)
    config.CourseDirectory.course_id = desk.course.course_id
    config.CourseDirectory.student_id = learner.id
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.root = str(home)
    make = getattr(ExchangeFactory(config=config), step)
    try:
        make(coursedir=CourseDirectory(config=config), authenticator=Authenticator(config=config), config=config).start()
    except NbgraderExchangeError as refusal:
        raise ExchangeError(
            f"{learner.id} cannot {'submit' if step == 'Submit' else 'fetch'} {assignment!r}: {refusal}",
            where=str(desk.course.exchange),
            remedy="Is the assignment released, and the exchange writable?",
        ) from refusal
