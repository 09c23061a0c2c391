"""Which files of an assignment are among what a learner sent: single files, or a zip with them. Pure; run where strangers' files are read.

Only files of the assignment are taken, by their names, and every notebook has to be one. What arrives is data: nothing of it is run or unpacked by its own paths.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.errors import SubmissionError
from courses.errors import NotebookError
from courses.notebook import read_notebook_json
from courses.variant_cells import MODULE

_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken."""

    names: tuple[str, ...]
    """Paths of the assignment's files in its folder, with `/`."""
    most_bytes: int
    """Of all files together, unpacked."""


def sort_out(uploads: Sequence[Upload], wanted: Wanted) -> dict[str, bytes]:
    """Return the content of each file of the assignment that was sent, by its path in the assignment's folder.

    Raises:
        SubmissionError: nothing fits the assignment, something does not belong to it, is there twice, is no notebook, or is too much.
    """
    files = _chosen(_unpacked(uploads, wanted.most_bytes), list(wanted.names))
    require_within(files, wanted)
    return files


def require_within(files: Mapping[str, bytes], wanted: Wanted) -> None:
    """Go on if the files are of the assignment, and not too much.

    Raises:
        SubmissionError: they are not.
    """
    if not set(files) <= set(wanted.names):
        raise SubmissionError("there is a file that is not of this assignment", remedy="Send the notebook, and what belongs to it.")
    most = wanted.most_bytes
    if sum(map(len, files.values())) > most:
        raise SubmissionError(
            f"this is more than is taken, {most / 1e6:g} MB together", remedy="Clear large outputs: Kernel, Restart and Clear Outputs."
        )


def _unpacked(uploads: Sequence[Upload], most: int) -> list[Upload]:
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
        if isinstance(refused.__cause__, MemoryError):
            raise refused.__cause__ from None  # whoever gave this process its limit tells of it
        raise SubmissionError(
            f"{name!r} is no notebook that can be read", remedy="Save it in Jupyter, and send the file that ends in .ipynb."
        ) from refused
