"""The result of an assignment: points and messages of every check, all attempts with their receipts, and what was handed in, to be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tornado.web import HTTPError, authenticated

from autograder.jobs import GradedCell
from courses.content_hash import regular_files
from portal.attempt_states import SeenAttempt
from portal.learner_work import CellScore, LearnerCourse, Work
from portal.notebook_view import NotebookView, read_view
from portal.requests import Request, requests_of
from portal.requirements import Mark
from portal.web.learner.course import jupyter_address
from portal.web.learner.events import live_address
from portal.web.learner.learner_handler import LearnerHandler

_LARGEST_SHOWN = 8 * 2**20
_NOT_SHOWN = frozenset({"timestamp.txt", "submission_secret.txt"})


@dataclass(frozen=True, slots=True)
class Check:
    """One graded cell."""

    cell: str
    outcomes: tuple[str, ...]
    possible: float
    score: float | None
    message: str
    """What the author says to a learner who failed it; empty if nothing may be told."""
    is_by_person: bool


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt in the history."""

    attempt: SeenAttempt
    points: float | None
    """Of the automatic checks; None where nothing is graded."""
    possible: float
    counts: bool
    """Whether it is the one that is credited."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """The result of one assignment."""

    title: str
    course: str
    course_title: str
    work: Work
    checks: tuple[Check, ...]
    outcomes: tuple[Mark, ...]
    """Of this assignment alone; `needed` is the mark of the whole course."""
    attempts: tuple[AttemptRow, ...]
    assurance: str
    """sealed, compat, or empty while nothing is graded."""
    credited_rule: str
    requests: tuple[Request, ...]
    may_hand_in: bool
    jupyter: str
    """Where Jupyter opens it; empty without a hub."""
    live: str
    """Where changes are told as they happen; empty where nobody tells them."""


def result_page(course: LearnerCourse, work: Work, language: str, requests: Sequence[Request], jupyter: str, live: str = "") -> ResultPage:
    """Return the page of an assignment's result."""
    credited = next((each for each in work.state.attempts if each.number == work.credited), None)
    result = credited.result if credited else None
    told = tuple(GradedCell.model_validate(each) for each in json.loads(result.cells)) if result else ()
    return ResultPage(
        title=work.assessment.title.in_language(language),
        course=course.id,
        course_title=course.manifest.title.in_language(language),
        work=work,
        checks=_checks(work, told),
        outcomes=_outcomes(course, work, language),
        attempts=tuple(_row(each, work.credited) for each in reversed(work.state.attempts)),
        assurance=result.assurance if result else "",
        credited_rule=work.assessment.credited,
        requests=tuple(each for each in requests if (each.wish.course, each.wish.assignment) == (course.id, work.id)),
        may_hand_in=course.is_enrolled and work.attempts_left != 0,
        jupyter=jupyter if course.is_enrolled else "",
        live=live,
    )


def _checks(work: Work, told: tuple[GradedCell, ...]) -> tuple[Check, ...]:
    by_name = {(each.notebook, each.name): each for each in told}
    order = {each.cell: place for place, each in enumerate(work.assessment.items)}
    outcomes = {each.cell: each.outcomes for each in work.assessment.items}
    cells = sorted(work.cells, key=lambda each: (order.get(each.cell, len(order)), each.cell))
    return tuple(_check(each, by_name.get((each.notebook, each.cell)), outcomes.get(each.cell, ())) for each in cells)


def _check(cell: CellScore, told: GradedCell | None, outcomes: tuple[str, ...]) -> Check:
    has_failed = cell.score is not None and cell.score < cell.possible
    return Check(cell.cell, outcomes, cell.possible, cell.score, message_of(told) if told and has_failed else "", cell.kind != "test")


def message_of(cell: GradedCell) -> str:
    """Return what a learner may read of a failed check: only what was said apart from their own code, where nobody but the author speaks."""
    if cell.review is not None:
        return cell.review.sealed_message
    return cell.note or "" if cell.is_sealed else ""


def _outcomes(course: LearnerCourse, work: Work, language: str) -> tuple[Mark, ...]:
    scores = {each.cell: each for each in work.cells}
    marks = []
    for outcome in course.manifest.outcomes:
        cells = [scores[item.cell] for item in work.assessment.items if outcome.id in item.outcomes and item.cell in scores]
        possible = sum(each.possible for each in cells)
        if possible <= 0 or any(each.score is None for each in cells):
            continue
        share = min(1.0, sum(each.score or 0.0 for each in cells) / possible)
        needed = course.manifest.pass_rule.per_outcome if outcome.min_score is None else outcome.min_score
        marks.append(Mark(outcome.id, outcome.text.in_language(language), share, needed, "met" if share >= needed else "missing"))
    return tuple(marks)


def _row(attempt: SeenAttempt, credited: int | None) -> AttemptRow:
    cells = attempt.result.cell_list() if attempt.result else []
    points = sum(float(each["auto_score"] or 0.0) for each in cells) if cells else None
    return AttemptRow(attempt, points, sum(float(each["points_possible"]) for each in cells), attempt.number == credited)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of an attempt."""

    name: str
    view: NotebookView | None
    """Of a notebook that is small enough to be shown."""


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """What was handed in."""

    title: str
    course: str
    course_title: str
    assignment: str
    assignment_title: str
    attempt: SeenAttempt
    files: tuple[ShownFile, ...]


def shown_files(folder: Path) -> tuple[ShownFile, ...]:
    """Return the files of a kept attempt, notebooks with what is shown of them."""
    names = [name for name in regular_files(folder) if name not in _NOT_SHOWN]
    return tuple(ShownFile(name, _view(folder / name)) for name in sorted(names, key=lambda each: (not each.endswith(".ipynb"), each)))


def _view(path: Path) -> NotebookView | None:
    if path.suffix != ".ipynb" or path.stat().st_size > _LARGEST_SHOWN:
        return None
    return read_view(path.read_bytes())


class ResultHandler(LearnerHandler):
    """The result of an assignment."""

    @authenticated
    async def get(self, course: str, assignment: str) -> None:
        """Show it."""
        found, work = await self.own_work(course, assignment)
        requests = await self.compute(requests_of, self.portal.site, self.learner)
        jupyter = jupyter_address(self.portal.hub_home, found.id, work.id)
        live = live_address(self.portal.address("my", found.id, work.id), work)
        self.show("learner/result.html", result_page(found, work, self.language, requests, jupyter, live))


class AttemptHandler(LearnerHandler):
    """What was handed in."""

    @authenticated
    async def get(self, course: str, assignment: str, number: str) -> None:
        """Show it."""
        found, work, attempt, folder = await self._kept(course, assignment, number)
        files = await self.compute(shown_files, folder)
        title = self.gettext("What you handed in: attempt %(number)d") % {"number": attempt.number}
        of, where = work.assessment.title.in_language(self.language), found.manifest.title.in_language(self.language)
        self.show("learner/attempt.html", AttemptPage(title, found.id, where, work.id, of, attempt, files))

    async def _kept(self, course: str, assignment: str, number: str) -> tuple[LearnerCourse, Work, SeenAttempt, Path]:
        found, work = await self.own_work(course, assignment)
        attempt = next((each for each in work.state.attempts if str(each.number) == number), None)
        if attempt is None or attempt.folder is None or not attempt.folder.is_dir():
            raise HTTPError(404)
        return found, work, attempt, attempt.folder


class AttemptFileHandler(AttemptHandler):
    """A file that was handed in, to keep."""

    @authenticated
    async def get(self, course: str, assignment: str, number: str, name: str = "") -> None:
        """Send it as it is; browsers save it and show nothing of it."""
        _, _, attempt, folder = await self._kept(course, assignment, number)
        if name not in await self.compute(regular_files, folder) or name in _NOT_SHOWN:
            raise HTTPError(404)
        self.send_file(f"{attempt.number}-{Path(name).name}", await self.compute((folder / name).read_bytes), "application/octet-stream")
