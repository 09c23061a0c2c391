"""Learner variants where submissions are graded: which one is whose, and what may not be mixed up.

The graded values come from the source's pool and the name that a submission was handed in under (`autograder.jobs.GradingJob.notebooks`); what stands in the
submitted notebook, and what the learner's machine believes to be their name, decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from autograder.errors import PipelineError, SourceError
from autograder.jobs import AssignmentSource
from autograder.records import Attempt
from courses.nbgrader_course import NbgraderCourse
from courses.variant_release import find_pool
from courses.variants import Values


@dataclass(frozen=True, slots=True)
class LearnerVariant:
    """What one learner got."""

    learner: str
    """Empty if it is told of a variant, whoever has it."""
    number: int
    """Of the variant, counted from 1."""
    of: int
    """How many there are."""
    values: Values


def variants_of(course: NbgraderCourse, assignment: str, learners: Sequence[str] = ()) -> tuple[LearnerVariant, ...]:
    """Return the variants of learners, as the assignment is released now; without learners every variant once. Nothing where it has none.

    Raises:
        VariantError: the variants are damaged.
    """
    pool = find_pool(course.root, assignment)
    if pool is None:
        return ()
    whose = [(learner, pool.row_of(learner)) for learner in learners] or [("", row) for row in range(len(pool.rows))]
    return tuple(LearnerVariant(learner, row + 1, len(pool.rows), pool.rows[row]) for learner, row in whose)


def variant_of(course: NbgraderCourse, assignment: str, learner: str) -> LearnerVariant | None:
    """Return a learner's variant of an assignment as it is released now, None if it has no variants.

    Raises:
        VariantError: the variants are damaged.
    """
    return next(iter(variants_of(course, assignment, (learner,))), None)


def with_variants(frame: pd.DataFrame, course: NbgraderCourse) -> pd.DataFrame:
    """Return a copy of a frame of the gradebook with one column more: `variant`, the number of the learner's variant from 1, <NA> where there are none.

    Args:
        frame: with the columns learner and assignment; both frames of `autograder.gradebook` have them.
    """
    pools = {name: find_pool(course.root, str(name)) for name in frame["assignment"].unique()}
    numbers = [
        pool.row_of(str(learner)) + 1 if (pool := pools[assignment]) else None
        for learner, assignment in zip(frame["learner"], frame["assignment"], strict=True)
    ]
    return frame.assign(variant=pd.array(numbers, dtype="Int64"))


def require_variants(source: AssignmentSource, steps: tuple[str, ...], *, demanded: bool) -> None:
    """Refuse to grade everybody with the instructor's values where learners have their own.

    Args:
        steps: the settings by which the course replaces nbgrader's grading steps.
        demanded: whether the manifest gives learners variants.

    Raises:
        SourceError: they are not in the course directory.
        PipelineError: the course's own grading steps do not know them.
    """
    if demanded and source.variants is None:
        raise SourceError(
            f"learners have variants in assignment {source.assignment!r}, and they are not in the course directory",
            remedy="Release the course again.",
        )
    if source.variants is not None and steps:
        raise PipelineError(
            f"learners have variants in assignment {source.assignment!r}, which the course's own grading steps do not know",
            where=", ".join(steps),
            remedy="Take these settings out of nbgrader_config.py, or the variants out of course.toml.",
        )


def work_digest(attempt: Attempt, source: AssignmentSource) -> str:
    """Return what two attempts share that are graded alike: the files, and the variant."""
    return attempt.digest if source.variants is None else f"{attempt.digest} {source.variants.row_of(attempt.learner)}"


def variants_digest(source: AssignmentSource) -> dict[str, str]:
    """Return the SHA-256 of the variants for the record of a run; nothing where there are none. They lie with the release."""
    return {} if source.variants is None else {"variants_sha256": source.variants.digest}
