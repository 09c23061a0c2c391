"""The record of a course's reviews: `approvals.toml` in its folder, which only grows.

One table `[[reviews]]` for each step, in the order in which they were taken, so that it reads well and merges under version control. Each step names the
content hash that it is about (`courses.content_hash.course_sha256`); the record itself is no part of that hash.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from courses.content_hash import APPROVALS
from courses.errors import ReviewError
from courses.manifest import Text, Version
from courses.storage import write_atomically
from courses.typed_toml import TypedTable, load_typed

Action = Literal["submitted", "commented", "approved", "returned", "retired", "reopened"]

_HEAD = """\
# The reviews of this course, oldest first. Written by `patunay course submit|comment|approve|return|retire|reopen`; steps are added, never changed.
# A step is about the content with the hash that it names: a course that was changed since is not approved.
"""


class ReviewStep(TypedTable):
    """Something that somebody did on the way of a course to its release, or away from it."""

    action: Action
    person: Text
    role: Text
    date: date
    version: Version
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    note: Text | None = None


class ReviewRecord(TypedTable):
    """What `approvals.toml` says."""

    reviews: tuple[ReviewStep, ...] = ()


def load_reviews(course_folder: Path) -> tuple[ReviewStep, ...]:
    """Return the steps of a course's reviews, oldest first; none if there is no record.

    Raises:
        ReviewError: the record cannot be read, or does not fit.
    """
    path = course_folder / APPROVALS
    return load_typed(path, ReviewRecord, ReviewError).reviews if path.exists() or path.is_symlink() else ()


def add_review(course_folder: Path, step: ReviewStep) -> None:
    """Write `step` at the end of the record; what stands there stays letter for letter.

    Raises:
        ReviewError: the record that is there cannot be read.
        StorageError: it cannot be written.
    """
    load_reviews(course_folder)
    path = course_folder / APPROVALS
    before = path.read_text(encoding="utf-8") if path.is_file() else _HEAD
    write_atomically(path, f"{before.rstrip()}\n\n{_as_toml(step)}")


def _as_toml(step: ReviewStep) -> str:
    fields = step.model_dump(exclude_none=True)
    lines = (f"{name} = {value if isinstance(value, date) else json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
    return "[[reviews]]\n" + "".join(lines)
