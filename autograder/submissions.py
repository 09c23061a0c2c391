"""Takes every attempt from the exchange, keeps it as it was handed in, and puts the one that counts where nbgrader looks.

An attempt lies in `attempts/<assignment>/<learner>/<time>-<hash>/` for good. Collecting twice takes nothing twice; a crash leaves a folder without a
row, which the next call replaces. A submission that cannot be taken (a link in it, too large) becomes an attempt with its refusal, so that nobody's work
disappears without a word.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.records import FOUND, Attempt, attempts_of, utc_text, working_alone
from courses.content_hash import folder_sha256
from courses.errors import ExchangeError, NameRefusedError, StorageError
from courses.names import path_segment
from courses.nbgrader_course import NbgraderCourse
from courses.safe_copy import CopyRefusedError, copy_untrusted
from courses.storage import diagnosed_storage, remove_folder, replace_folder

_COPYING_S = 300.0
_TAKEN_TOGETHER = 50
_NOT_CONTENT = ("timestamp.txt", "submission_secret.txt")


@dataclass(frozen=True, slots=True)
class Handed:
    """A submission's folder in the exchange, by its name."""

    folder: Path
    learner: str
    assignment: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did."""

    new: int
    known: int
    refused: tuple[str, ...]
    """One sentence each: which submission could not be taken, and why."""


def collect_attempts(
    course: NbgraderCourse, assignment: str, session: Session, *, now: datetime, names: Collection[str] | None = None
) -> Collected:
    """Take every attempt at `assignment` from the exchange that is not here yet.

    Args:
        names: only these folders of the exchange; None: all.

    Raises:
        ExchangeError: the course has no inbound folder, or it cannot be read.
        StorageError: the disk is full, or another process grades or collects in this course.
    """
    new, refused, seen = 0, [], 0
    with working_alone(course.root):
        known = set(session.scalars(select(Attempt.origin).where(Attempt.assignment == assignment)))
        for handed in _handed_in(course, assignment, names):
            seen += 1
            if handed.folder.name in known or _is_being_handed_in(handed.folder, now):
                continue
            attempt = _take(course, handed, session, origin=handed.folder.name, now=now)
            new += 1
            if new % _TAKEN_TOGETHER == 0:
                session.commit()
            if attempt.refusal:
                refused.append(f"{handed.learner}, {assignment}: {attempt.refusal}")
        session.commit()
    return Collected(new, seen - new, tuple(refused))


def adopt_submitted(course: NbgraderCourse, assignment: str, session: Session, *, now: datetime) -> dict[str, list[Attempt]]:
    """Take what lies in the `submitted` step without having come through `collect_attempts`; return all attempts at the assignment, as `attempts_of` does.

    What many learners have handed in and earned is long to read: it is read anew only where something was taken.
    """
    known = attempts_of(session, assignment)
    new = 0
    for learner in _learners(course, assignment):
        attempts = known.get(learner, [])
        folder = course.submitted(learner, assignment)
        stamp = _timestamp(folder)
        try:
            digest = _content_digest(folder, course.ignored)
        except StorageError:
            digest = "refused"
        origin = f"{FOUND}{utc_text(stamp) if stamp else 'unknown'}-{digest[:12]}"
        if any(attempt.origin == origin or _is_same(attempt, digest, stamp) for attempt in attempts):
            continue
        _take(course, Handed(folder, learner, assignment, stamp or now), session, origin=origin, now=now)
        new += 1
        if new % _TAKEN_TOGETHER == 0:
            session.commit()
    session.commit()
    return attempts_of(session, assignment) if new else known


def _is_same(attempt: Attempt, digest: str, stamp: datetime | None) -> bool:
    return attempt.digest == digest and (stamp is None or attempt.submitted_at == utc_text(stamp))


def show_credited(course: NbgraderCourse, credited: Mapping[str, Attempt]) -> None:
    """Put each learner's counting attempt into the `submitted` step, where nbgrader's own commands find it."""
    for learner, attempt in credited.items():
        target = course.submitted(learner, attempt.assignment)
        if target.is_dir() and _is_shown(target, attempt, course.ignored):
            continue
        with diagnosed_storage(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = Path(tempfile.mkdtemp(prefix=".collecting-", dir=target.parent))
            shutil.copytree(course.root / attempt.folder, copy, dirs_exist_ok=True)
            copy.chmod(0o755)
        replace_folder(copy, target)


def _is_shown(folder: Path, attempt: Attempt, ignored: tuple[str, ...]) -> bool:
    """Whether `folder` need not be replaced: it holds the attempt, or something that was refused and is nowhere else."""
    stamp = _timestamp(folder)
    try:
        is_same_time = attempt.has_no_time if stamp is None else utc_text(stamp) == attempt.submitted_at
        return _content_digest(folder, ignored) == attempt.digest and is_same_time
    except StorageError:
        return True


def _learners(course: NbgraderCourse, assignment: str) -> Iterator[str]:
    for learner in course.learners_with_submission(assignment):
        if learner.startswith("."):  # such as .ipynb_checkpoints
            continue
        path_segment(learner.replace("+", ""), what="a learner")  # only the exchange's names may have no plus
        yield learner


def _handed_in(course: NbgraderCourse, assignment: str, names: Collection[str] | None) -> list[Handed]:
    """Return what stands in the exchange for `assignment`, oldest first. Folders with names that make no sense are left alone."""
    inbound = course.exchange / course.course_id / "inbound"
    if not inbound.is_dir():
        raise ExchangeError(
            f"course {course.course_id!r} has no inbound folder",
            where=str(inbound),
            remedy=f"Release it first: `patunay release {course.course_id}`.",
        )
    if not os.access(inbound, os.R_OK | os.X_OK):
        raise ExchangeError("the inbound folder cannot be read", where=str(inbound), remedy="Collect as the user who released the course.")
    folders = inbound.iterdir() if names is None else (inbound / name for name in names)
    found = [_parse(folder) for folder in folders if folder.is_dir() and not folder.is_symlink()]
    return sorted(
        (each for each in found if each is not None and each.assignment == assignment),
        key=lambda each: (each.submitted_at, each.folder.name),
    )


def waiting_in_exchange(course: NbgraderCourse, assignment: str, learner: str, known: Collection[str]) -> list[Handed]:
    """Return what a learner has handed in and nobody collected, oldest first; nothing where there is no exchange that can be read.

    Args:
        known: origins of the attempts that were collected.
    """
    inbound = course.exchange / course.course_id / "inbound"
    try:
        names = [
            entry.name for entry in os.scandir(inbound) if entry.name.startswith(f"{learner}+") and entry.is_dir(follow_symlinks=False)
        ]
    except OSError:
        return []
    found = [_parse(inbound / name) for name in names if name not in known]
    mine = [each for each in found if each is not None and (each.learner, each.assignment) == (learner, assignment)]
    return sorted(mine, key=lambda each: (each.submitted_at, each.folder.name))


def _is_being_handed_in(folder: Path, now: datetime) -> bool:
    """Whether nbgrader may still be copying: it writes submission_secret.txt last. What stays without it for minutes is taken as it is."""
    try:
        return not (folder / "submission_secret.txt").is_file() and now.timestamp() - folder.stat().st_mtime < _COPYING_S
    except OSError:
        return False


def _parse(folder: Path) -> Handed | None:
    """Read `learner+assignment+time[+random]`, nbgrader's name of a submission."""
    for pieces in (folder.name.rsplit("+", 3), folder.name.rsplit("+", 2)):
        if len(pieces) < 3:
            continue
        try:
            moment = parse_utc(pieces[2])
            learner, assignment = path_segment(pieces[0], what="a learner"), path_segment(pieces[1], what="an assignment")
        except (ValueError, OverflowError, TypeError, NameRefusedError):
            continue
        return Handed(folder, learner, assignment, moment.replace(tzinfo=UTC))
    return None


def _take(course: NbgraderCourse, handed: Handed, session: Session, *, origin: str, now: datetime) -> Attempt:
    """Copy one submission into the store and return its new row."""
    store = course.root / "attempts" / handed.assignment / handed.learner
    attempt = Attempt(
        assignment=handed.assignment,
        learner=handed.learner,
        origin=origin,
        digest="",
        submitted_at=utc_text(handed.submitted_at),
        collected_at=utc_text(now),
        folder="",
        refusal="",
    )
    session.add(attempt)
    with diagnosed_storage(store):
        store.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".taking-", dir=store))
        try:
            copy_untrusted(handed.folder, making / "content", ignored=course.ignored, maximum_bytes=course.largest_submission_bytes)
        except CopyRefusedError as refused:
            attempt.refusal = str(refused)
            remove_folder(making)
            return attempt
        attempt.digest = _content_digest(making / "content", course.ignored)
        target = store / f"{handed.submitted_at:%Y%m%dT%H%M%S%f}-{attempt.digest[:12]}"
        replace_folder(making / "content", target)
        remove_folder(making)
    attempt.folder = target.relative_to(course.root).as_posix()
    return attempt


def _content_digest(folder: Path, ignored: tuple[str, ...]) -> str:
    return folder_sha256(folder, ignored=(*ignored, *_NOT_CONTENT))


def _timestamp(folder: Path) -> datetime | None:
    """Return the time that nbgrader wrote into the submission, None if there is none that makes sense."""
    try:
        moment = parse_utc((folder / "timestamp.txt").read_text(encoding="utf-8")[:100].strip())
        return None if moment is None else moment.replace(tzinfo=UTC)
    except (OSError, ValueError, OverflowError, TypeError, AttributeError):
        return None
