"""What persons have said of pairs: nothing, noted, referred. Lines are only ever added, to a file of the course; the last line of a pair counts.

No score is changed by it, here or anywhere else. The file lies beside the course's other records and leaves the machine with them or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from autograder.errors import SimilarityError
from courses.storage import diagnosed_storage, held_alone

FILE_NAME = "similarity.jsonl"
Status = Literal["none", "noted", "referred"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody said of a pair."""

    assignment: str
    learners: tuple[str, str]
    """Sorted. One of an earlier cohort is `cohort: learner`."""
    status: Status
    by: str
    at: str
    """ISO 8601, UTC."""
    note: str


def add_mark(root: Path, mark: Mark) -> None:
    """Write a mark down for good.

    Args:
        root: the course directory.

    Raises:
        SimilarityError: the status is unknown, nobody's name is given, a pair is no pair, or there is no reason for what is more than a note.
        StorageError: the disk is full, or the file cannot be written.
    """
    _require(mark)
    path = root / FILE_NAME
    line = json.dumps(asdict(mark), ensure_ascii=False, sort_keys=True).encode() + b"\n"
    with held_alone(root / f".{FILE_NAME}.lock", "another process is marking similar work in this course"), diagnosed_storage(path):
        is_torn = path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(b"\n" + line if is_torn else line)  # a write that a crash cut off stays a line of its own
            stream.flush()
            os.fsync(stream.fileno())


def load_marks(root: Path) -> tuple[Mark, ...]:
    """Return all marks, oldest first; a line that a crash cut off is passed over.

    Raises:
        SimilarityError: a whole line is no mark: somebody changed the file.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return ()
    with diagnosed_storage(path):
        lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    marks = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError:  # the only way to half a line is a crash: a mark is one JSON object a line
            continue
        marks.append(_mark(values, f"{path}, line {number}"))
    return tuple(marks)


def standing_marks(marks: Iterable[Mark], assignment: str) -> dict[tuple[str, str], Mark]:
    """Return the last mark of each pair in an assignment."""
    return {each.learners: each for each in marks if each.assignment == assignment}


def _mark(values: object, where: str) -> Mark:
    try:
        if not isinstance(values, dict):
            raise TypeError
        mark = Mark(**{**values, "learners": tuple(values["learners"])})
        _require(mark)
    except (TypeError, KeyError, SimilarityError) as wrong:
        raise SimilarityError(
            "this line is no mark", where=where, remedy="Restore the file from a backup: it is only ever added to."
        ) from wrong
    return mark


def _require(mark: Mark) -> None:
    if mark.status not in STATUSES:
        raise SimilarityError(f"{mark.status!r} is no status of a pair", where="--mark", remedy=f"There are: {', '.join(STATUSES)}.")
    if len(mark.learners) != 2 or mark.learners[0] >= mark.learners[1]:
        raise SimilarityError("a pair is two different learners", where="--pair", remedy="Give both ids: `--pair ONE OTHER`.")
    if not mark.by.strip():
        raise SimilarityError("nobody's name is given", where="--by", remedy='Say who looked at it: `--by "M. Reyes"`.')
    if mark.status == "referred" and not mark.note.strip():
        raise SimilarityError("a pair is referred without a reason", where="--note", remedy='Say why: `--note "…"`.')


def new_mark(assignment: str, pair: tuple[str, str], status: str, *, by: str, note: str, now: datetime) -> Mark:
    """Return a mark of now; `add_mark` checks it."""
    first, second = sorted(pair)
    return Mark(assignment, (first, second), status, by.strip(), now.isoformat(), note.strip())  # type: ignore[arg-type]  # checked before it is written
