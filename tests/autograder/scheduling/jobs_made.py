"""Jobs for tests of schedulers, over submissions of a small course."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.execution.engines import EngineRoom
from autograder.jobs import AssignmentSource, GradingJob, Limits
from autograder.nbgrader_database import load_source
from autograder.scheduling.local import LocalScheduler
from tests.small_course import SQUARE, SmallCourse


def source_of(course: SmallCourse) -> AssignmentSource:
    return load_source(course.open(), "ps1")


def submitted(course: SmallCourse, learner: str, answer: str = SQUARE) -> Path:
    """Hand in and return the folder."""
    return course.submit(learner, answer, "found = 2")


def job_of(course: SmallCourse, learner: str, **limits: Any) -> GradingJob:
    folder = course.root / "submitted" / learner / "ps1"
    return GradingJob(source=source_of(course), learner=learner, submission=str(folder), limits=Limits(**limits), sandbox=False)


@contextmanager
def local_scheduler(workers: int = 2) -> Iterator[LocalScheduler]:
    with EngineRoom(assurance="compat") as room:
        yield LocalScheduler(room, workers=workers)
