"""The way to work on an assignment without Jupyter here: its files as a zip, and finished files handed in as `nbgrader submit` hands them in.

Rules:
1. What arrives is read by `uploads.sort_out`, in a process of its own; only files of the assignment are stored, by the names that it has for them.
2. A submission is whole or not there: it is made aside and gets its name, nbgrader's `learner+assignment+time+random`, at the end.
3. The receipt's hash is the one under which the attempt is kept after it was collected.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import secrets
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from autograder.errors import SubmissionError
from autograder.variants import variant_of
from courses.content_hash import hash_of_files, regular_files
from courses.errors import ExchangeError
from courses.names import path_segment
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release import find_release
from courses.settings import Site
from courses.storage import diagnosed_storage, remove_folder
from courses.variant_cells import MODULE, personalise_notebook
from courses.variant_release import find_pool
from issuer.standing import released_root
from portal.uploads import Wanted, require_within

LARGEST_UPLOAD_BYTES = 25 * 2**20
"""Of all files of one upload together, unpacked; the course may say less."""
MOST_WAITING = 10
"""Attempts of one learner at one assignment that nobody collected yet; more are refused."""
_FILE_MODE, _FOLDER_MODE = 0o644, 0o777
"""As nbgrader leaves them: whoever collects may take the folder away."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was handed in."""

    digest: str
    """SHA-256 over the files, in hexadecimal."""
    handed_in_at: datetime
    files: tuple[str, ...]
    missing: tuple[str, ...]
    """Notebooks of the assignment that were not among them."""


def require_room(*, is_enrolled: bool, attempts_left: int | None, waiting: int) -> None:
    """Go on if another attempt may be handed in.

    Args:
        attempts_left: None for as many as one likes.
        waiting: attempts that nobody collected yet.

    Raises:
        SubmissionError: none may be.
    """
    if not is_enrolled:
        raise SubmissionError("you are not in this course any more", where="hand in", remedy="If that is a mistake, write to your teacher.")
    if attempts_left == 0:
        raise SubmissionError(
            "all your attempts are used", where="hand in", remedy="Only your teacher can give you another one: write to them."
        )
    if waiting >= MOST_WAITING:
        raise SubmissionError("too many of your attempts wait to be graded", where="hand in", remedy="Wait until some of them are graded.")


def assignment_archive(site: Site, course: str, learner: str, assignment: str) -> bytes:
    """Return a zip of the released assignment, in one folder of its name, with the learner's own values where it has variants.

    Raises:
        SubmissionError: it is not released.
        VariantError: its variants are damaged.
    """
    directory = open_course(released_root(site, course))
    folder = _released(directory, assignment)
    personal = _personal_notebooks(directory, assignment, learner, folder)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _names(folder):
            if personal and name == f"{MODULE}.py":
                continue  # the values stand in the notebook itself
            content = personal.get(name) or (folder / name).read_bytes()
            archive.writestr(zipfile.ZipInfo(f"{assignment}/{name}", _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def wanted_files(site: Site, course: str, assignment: str) -> Wanted:
    """Return what is taken of what a learner sends.

    Raises:
        SubmissionError: the assignment is not released.
    """
    return _wanted(open_course(released_root(site, course)), assignment)


def hand_in(site: Site, course: str, learner: str, assignment: str, files: Mapping[str, bytes], *, now: datetime) -> Receipt:
    """Put files into the exchange as a submission of the learner, and return the receipt.

    Args:
        files: what `uploads.sort_out` found: contents by paths of the assignment.

    Raises:
        SubmissionError: the assignment is not released, or something does not belong to it or is too much.
        ExchangeError: the course takes no submissions.
        StorageError: the disk is full or not writable.
    """
    directory = open_course(released_root(site, course))
    wanted = _wanted(directory, assignment)
    require_within(files, wanted)
    moment = now.astimezone(UTC)
    _store(directory, f"{path_segment(learner, what='a learner')}+{assignment}", files, moment)
    digest = hash_of_files({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    notebooks = [name for name in wanted.names if name.endswith(".ipynb")]
    return Receipt(digest, moment, tuple(sorted(files)), tuple(name for name in notebooks if name not in files))


def released_files(site: Site, course: str, assignment: str) -> tuple[str, ...]:
    """Return the names of the files that an assignment has, notebooks first.

    Raises:
        SubmissionError: it is not released.
    """
    names = _names(_released(open_course(released_root(site, course)), assignment))
    return tuple(sorted((each for each in names if each != f"{MODULE}.py"), key=lambda each: (not each.endswith(".ipynb"), each)))


def _wanted(course: NbgraderCourse, assignment: str) -> Wanted:
    return Wanted(tuple(_names(_released(course, assignment))), min(LARGEST_UPLOAD_BYTES, course.largest_submission_bytes))


def _released(course: NbgraderCourse, assignment: str) -> Path:
    release = find_release(course.root)
    folder = course.release(path_segment(assignment, what="an assignment"))
    if release is None or assignment not in release.assignments or not folder.is_dir():
        raise SubmissionError(f"there is no released assignment {assignment!r}", where=course.course_id, remedy="See the course's page.")
    return folder


def _names(folder: Path) -> list[str]:
    return regular_files(folder)


def _personal_notebooks(course: NbgraderCourse, assignment: str, learner: str, folder: Path) -> dict[str, bytes]:
    pool, variant = find_pool(course.root, assignment), variant_of(course, assignment, learner)
    if pool is None or variant is None:
        return {}
    found = {}
    for notebook, cell in pool.cells.items():
        node = nbformat.reads((folder / f"{notebook}.ipynb").read_text(encoding="utf-8"), as_version=4)
        found[f"{notebook}.ipynb"] = (nbformat.writes(personalise_notebook(node, cell, variant.values)) + "\n").encode("utf-8")
    return found


def _store(course: NbgraderCourse, begin: str, files: Mapping[str, bytes], moment: datetime) -> None:
    inbound = course.exchange / course.course_id / "inbound"
    if not inbound.is_dir():
        raise ExchangeError("this course takes no submissions now", where=str(inbound), remedy="Ask your teacher.")
    stamp = f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC"
    random = base64.urlsafe_b64encode(os.urandom(9)).decode("ascii")
    with diagnosed_storage(inbound):
        making = Path(tempfile.mkdtemp(prefix=".uploading-", dir=inbound))
        try:
            for name, content in {
                **files,
                "timestamp.txt": stamp.encode(),
                "submission_secret.txt": secrets.token_hex(64).encode(),
            }.items():
                target = making / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                target.chmod(_FILE_MODE)
            making.chmod(_FOLDER_MODE)
            making.rename(inbound / f"{begin}+{stamp}+{random}")
        except BaseException:
            with contextlib.suppress(OSError):
                remove_folder(making)
            raise
