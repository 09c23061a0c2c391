"""The way to work on an assignment without Jupyter here: its files as a zip, and finished files handed in as `nbgrader submit` hands them in.

Rules:
1. Only files of the assignment are taken, by their names, and every notebook has to be one. What arrives is data: nothing of it is run or unpacked by its own paths.
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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import nbformat

from autograder.errors import SubmissionError
from autograder.variants import variant_of
from courses.content_hash import hash_of_files, regular_files
from courses.errors import ExchangeError, NotebookError
from courses.names import path_segment
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.notebook import read_notebook_json
from courses.release import find_release
from courses.settings import Site
from courses.storage import diagnosed_storage, remove_folder
from courses.variant_cells import MODULE, personalise_notebook
from courses.variant_release import find_pool
from issuer.standing import released_root

LARGEST_UPLOAD_BYTES = 25 * 2**20
"""Of all files of one upload together, unpacked; the course may say less."""
MOST_WAITING = 10
"""Attempts of one learner at one assignment that nobody collected yet; more are refused."""
_MOST_FILES = 200
_FILE_MODE, _FOLDER_MODE = 0o644, 0o777
"""As nbgrader leaves them: whoever collects may take the folder away."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived."""

    name: str
    content: bytes


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


def hand_in(site: Site, course: str, learner: str, assignment: str, uploads: Iterable[Upload], *, now: datetime) -> Receipt:
    """Put files into the exchange as a submission of the learner, and return the receipt.

    Raises:
        SubmissionError: nothing fits the assignment, something does not belong to it, is no notebook, or is too much.
        ExchangeError: the course takes no submissions.
        StorageError: the disk is full or not writable.
    """
    directory = open_course(released_root(site, course))
    names = _names(_released(directory, assignment))
    most = min(LARGEST_UPLOAD_BYTES, directory.largest_submission_bytes)
    files = _chosen(_unpacked(uploads, most), names)
    if sum(map(len, files.values())) > most:
        raise SubmissionError(
            f"this is more than is taken, {most / 1e6:g} MB together", remedy="Clear large outputs: Kernel, Restart and Clear Outputs."
        )
    moment = now.astimezone(UTC)
    _store(directory, f"{path_segment(learner, what='a learner')}+{assignment}", files, moment)
    digest = hash_of_files({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    notebooks = [name for name in names if name.endswith(".ipynb")]
    return Receipt(digest, moment, tuple(sorted(files)), tuple(name for name in notebooks if name not in files))


def released_files(site: Site, course: str, assignment: str) -> tuple[str, ...]:
    """Return the names of the files that an assignment has, notebooks first.

    Raises:
        SubmissionError: it is not released.
    """
    names = _names(_released(open_course(released_root(site, course)), assignment))
    return tuple(sorted((each for each in names if each != f"{MODULE}.py"), key=lambda each: (not each.endswith(".ipynb"), each)))


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


def _unpacked(uploads: Iterable[Upload], most: int) -> list[Upload]:
    """Return the files, those of a zip one by one.

    Raises:
        SubmissionError: a zip is damaged, or holds too much.
    """
    found: list[Upload] = []
    for upload in uploads:
        if upload.name.lower().endswith(".zip"):
            found += _zipped(upload, most)
        elif upload.content or upload.name:
            found.append(upload)
    if len(found) > _MOST_FILES:
        raise SubmissionError("these are too many files", remedy="Send the notebook, and what belongs to it.")
    return found


def _zipped(upload: Upload, most: int) -> list[Upload]:
    found, left = [], most
    try:
        with zipfile.ZipFile(io.BytesIO(upload.content)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            for entry in entries[: _MOST_FILES + 1]:
                with archive.open(entry) as stream:  # what the zip says of sizes is not believed
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise SubmissionError(f"the zip holds more than is taken, {most / 1e6:g} MB", remedy="Send the notebook alone.")
                found.append(Upload(entry.filename, content))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as damaged:
        raise SubmissionError(
            "this is no zip that can be read", remedy="Send the notebook itself, the file that ends in .ipynb."
        ) from damaged
    return [each for each in found if not _is_litter(each.name)]


def _is_litter(name: str) -> bool:
    """Whether systems and Jupyter put such files into zips unasked."""
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part in {"__MACOSX", "__pycache__"} for part in parts) or parts[-1:] == (f"{MODULE}.py",)


def _chosen(uploads: list[Upload], names: list[str]) -> dict[str, bytes]:
    """Return the content of each file of the assignment that is among the uploads.

    Raises:
        SubmissionError: one of them does not belong, is there twice, or is no notebook; or there is none.
    """
    notebooks = [name for name in names if name.endswith(".ipynb")]
    files: dict[str, bytes] = {}
    for upload in uploads:
        name = _name_of(upload.name, names)
        if name is None and len(notebooks) == 1 and upload.name.lower().endswith(".ipynb"):
            name = notebooks[0]  # browsers rename: `notebook (1).ipynb`
        if name is None:
            raise SubmissionError(
                f"{PurePosixPath(upload.name).name[:100]!r} is no file of this assignment", remedy=f"It has: {', '.join(notebooks)}."
            )
        if name in files:
            raise SubmissionError(f"{name!r} is there twice", remedy="Send each file once.")
        if name.endswith(".ipynb"):
            _require_notebook(name, upload.content)
        files[name] = upload.content
    if not any(name in files for name in notebooks):
        raise SubmissionError("there is no notebook among the files", remedy=f"Choose {', '.join(notebooks)}.")
    return files


def _name_of(told: str, names: list[str]) -> str | None:
    """Return which file of the assignment is meant: by its path, with or without the assignment's folder, or by its name if that says it."""
    path = told.replace("\\", "/").lstrip("/")
    for candidate in (path, path.partition("/")[2]):
        if candidate in names:
            return candidate
    same = [name for name in names if PurePosixPath(name).name == PurePosixPath(path).name]
    return same[0] if len(same) == 1 else None


def _require_notebook(name: str, content: bytes) -> None:
    try:
        read_notebook_json(content.decode("utf-8"), where=name)
    except (NotebookError, UnicodeDecodeError) as refused:
        raise SubmissionError(
            f"{name!r} is no notebook that can be read", remedy="Save it in Jupyter, and send the file that ends in .ipynb."
        ) from refused


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
