"""Compares the answers to an assignment and says what was found: the values that the page, the table and the JSON are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.nbgrader_database import load_source
from autograder.similarity.comparing import ADDED, CellPair, ComparingOptions, Comparison, LearnerPair, Owner, Place, compare_answers
from autograder.similarity.gathering import gather_answers, released_texts
from autograder.similarity.marks import Mark, load_marks, standing_marks
from courses.attempts import LAST, AttemptRule
from courses.nbgrader_course import NbgraderCourse


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared."""

    every_attempt: bool = False
    """All attempts, not only those that count."""
    earlier: tuple[NbgraderCourse, ...] = ()
    """Course directories of earlier classes that had the same assignment."""
    options: ComparingOptions = field(default_factory=ComparingOptions)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was found in one assignment, and what persons said of it."""

    assignment: str
    comparison: Comparison
    released: dict[Place, tuple[str, ...]]
    marks: dict[tuple[str, str], Mark]
    """The last one of each pair."""
    unread: tuple[str, ...]
    """A sentence for each notebook that could not be read."""

    def mark_of(self, pair: LearnerPair) -> Mark | None:
        """Return what was said of a pair last, None if nothing."""
        first, second = sorted((shown_name(pair.first), shown_name(pair.second)))
        return self.marks.get((first, second))

    def given(self, place: Place) -> tuple[str, ...]:
        """Return what everybody was given for a cell."""
        return (*self.released.get(("", ""), ()), *self.released.get(place, ()))


def shown_name(owner: Owner) -> str:
    """Return a learner's id, after the class that they were in if it is an earlier one."""
    return f"{owner[0]}: {owner[1]}" if owner[0] else owner[1]


def shown_place(place: Place) -> str:
    """Return a cell's name with its notebook's."""
    return f"{place[0]}.ipynb, {place[1] if place[1] == ADDED else f'cell {place[1]}'}"


def compare_assignment(course: NbgraderCourse, assignment: str, rule: AttemptRule = LAST, request: Request = Request()) -> Likeness:
    """Return which learners' answers to an assignment look alike.

    Raises:
        SourceError: the gradebook of this course, or of an earlier one, does not know the assignment.
        StorageError: a database is locked, damaged or of another version.
        SimilarityError: the file of marks was changed.
    """
    gathered = gather_answers(course, assignment, rule, every=request.every_attempt)
    answers, unread = list(gathered.answers), list(gathered.unread)
    for each in request.earlier:
        earlier = gather_answers(each, assignment, LAST, every=True, cohort=each.root.name)
        answers += earlier.answers
    released = released_texts(course, assignment, load_source(course, assignment))
    marks = standing_marks(load_marks(course.root), assignment)
    return Likeness(assignment, compare_answers(answers, released, request.options), released, marks, tuple(unread))


def likeness_as_json(found: Sequence[Likeness], *, pairs: int) -> dict[str, object]:
    """Return what was found, for machines.

    Args:
        pairs: how many of each assignment are told, those with the most bits first.
    """
    return {
        "meaning": "Similar is not copied. A person reads the pairs; no score is changed.",
        "assignments": [
            {
                "assignment": each.assignment,
                "learners": each.comparison.learners,
                "answers": each.comparison.answers,
                "too_short": each.comparison.too_short,
                "unread": list(each.unread),
                "pairs_found": len(each.comparison.pairs),
                "pairs": [_pair(each, pair) for pair in each.comparison.pairs[:pairs]],
                "crowds": [
                    {
                        "notebook": crowd.place[0],
                        "cell": crowd.place[1],
                        "learners": [shown_name(owner) for owner in crowd.owners],
                        "tokens": crowd.tokens,
                    }
                    for crowd in each.comparison.crowds
                ],
            }
            for each in found
        ],
    }


def _pair(found: Likeness, pair: LearnerPair) -> dict[str, object]:
    mark = found.mark_of(pair)
    return {
        "learners": [shown_name(pair.first), shown_name(pair.second)],
        "bits": round(pair.bits, 1),
        "share": round(pair.share, 3),
        "shared_fingerprints": pair.shared,
        "status": mark.status if mark else "none",
        "marked_by": mark.by if mark else None,
        "marked_at": mark.at if mark else None,
        "note": mark.note if mark else None,
        "cells": [_cell(cell) for cell in pair.cells],
    }


def _cell(cell: CellPair) -> dict[str, object]:
    return {
        "notebook": cell.place[0],
        "cell": cell.place[1],
        "bits": round(cell.bits, 1),
        "share": round(cell.share, 3),
        "shared_fingerprints": cell.shared,
        "identical": cell.is_identical,
        "attempts": [cell.first.attempt, cell.second.attempt],
    }
