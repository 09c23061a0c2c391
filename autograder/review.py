"""What a person has to decide: tests whose two results do not agree, whose verdict rests on something odd, or that their author gave to a person.

Read from the record of grading; nothing is written. A person decides by giving a manual score, in formgrader or any other way that nbgrader knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from autograder.gradebook import read_gradebook
from autograder.jobs import GradedCell, Review, SourceNotebook
from autograder.nbgrader_database import load_source
from autograder.recording import graded_notebook
from autograder.records import Attempt, Result, attempts_of, credited_attempt, open_records, standing_result
from courses.attempts import LAST, AttemptRule, AttemptRules
from courses.nbgrader_course import NbgraderCourse

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One test of one learner's credited attempt that a person decides."""

    learner: str
    assignment: str
    notebook: str
    cell: str
    points_possible: float
    review: Review
    answers: tuple[tuple[str, str], ...]
    """The answer cells that the test is about: id and the learner's text."""
    test: str
    """The test's source, hidden checks included: for graders only."""
    manual_score: float | None
    """What a person has given; None if nobody has decided yet."""


def load_reviews(
    course: NbgraderCourse, assignments: Collection[str], *, attempt_rules: AttemptRules = MappingProxyType({})
) -> tuple[ReviewItem, ...]:
    """Return what a person decides in these assignments, decided already or not, by assignment, learner and place in the notebook.

    Raises:
        SourceError: the gradebook does not know an assignment.
        StorageError: a database is locked, full, damaged or of another version.
    """
    marks = _manual_scores(course)
    found: list[ReviewItem] = []
    with open_records(course) as session:
        for assignment in assignments:
            sources = {each.name: each for each in load_source(course, assignment).notebooks}
            for attempt, result in _credited(session, assignment, attempt_rules.get(assignment, LAST)):
                found += _items(course, attempt, result, sources, marks)
    return tuple(found)


def _credited(session: Session, assignment: str, rule: AttemptRule) -> list[tuple[Attempt, Result]]:
    """Return each learner's attempt that counts, with the result that stands."""
    pairs = []
    for _learner, attempts in sorted(attempts_of(session, assignment).items()):
        attempt = credited_attempt(attempts, rule)
        result = standing_result(attempt) if attempt else None
        if attempt is not None and result is not None:
            pairs.append((attempt, result))
    return pairs


def _items(
    course: NbgraderCourse, attempt: Attempt, result: Result, sources: dict[str, SourceNotebook], marks: dict[_Key, float]
) -> list[ReviewItem]:
    graded = [GradedCell.model_validate(each) for each in result.cell_list()]
    waiting = [(cell, cell.review) for cell in graded if cell.review is not None]
    texts = {name: _answers(graded_notebook(course, attempt, result, name)) for name in {cell.notebook for cell, _ in waiting}}
    return [
        ReviewItem(
            learner=attempt.learner,
            assignment=attempt.assignment,
            notebook=cell.notebook,
            cell=cell.name,
            points_possible=cell.points_possible,
            review=review,
            answers=texts[cell.notebook].get(cell.name, ()),
            test=_test(sources.get(cell.notebook), cell.name),
            manual_score=marks.get((attempt.learner, attempt.assignment, cell.notebook, cell.name)),
        )
        for cell, review in waiting
    ]


def _test(notebook: SourceNotebook | None, name: str) -> str:
    return next((cell.source for cell in notebook.cells if cell.name == name), "") if notebook else ""


def _answers(path: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return for each test cell of a graded notebook the answer cells before it, from the test before that had some."""
    try:
        cells: list[Any] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    latest: tuple[tuple[str, str], ...] = ()
    gathering: list[tuple[str, str]] = []
    for cell in cells:
        about = cell.get("metadata", {}).get("nbgrader", {})
        if about.get("solution"):
            gathering.append((str(about.get("grade_id")), _text(cell)))
        elif about.get("grade"):
            latest, gathering = tuple(gathering) or latest, []
            found[str(about.get("grade_id"))] = latest
    return found


def _text(cell: Any) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _manual_scores(course: NbgraderCourse) -> dict[_Key, float]:
    cells = read_gradebook(course).cells
    marked = cells[cells["manual_score"].notna()]
    keys = zip(marked["learner"], marked["assignment"], marked["notebook"], marked["cell"], strict=True)
    return {(str(a), str(b), str(c), str(d)): float(score) for (a, b, c, d), score in zip(keys, marked["manual_score"], strict=True)}
