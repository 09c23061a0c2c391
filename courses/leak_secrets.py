"""What learners must not get, read from an author's notebooks: lines of solutions, of hidden tests and of mark schemes, and pictures in answers.

What the same notebooks show openly is no secret: a line that stands in a cell, or a part of a cell, that nbgrader leaves in is subtracted. nbgrader clears an
answer cell without a region as a whole, so the whole of it is the solution. Source: nbgrader 0.9.6, `preprocessors/clear*.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from courses.errors import NotebookError
from courses.leak_tokens import LEAST_WEIGHT, LineIndex, tokens_of, weight_of
from courses.notebook import MAXIMUM_BYTES, read_notebook_json

_STUBS = "# YOUR CODE HERE\nraise NotImplementedError()\nYOUR ANSWER HERE"
"""What nbgrader puts in place of an answer."""


class SecretKind(Enum):
    """What a secret line is a part of; the value is how it is told."""

    SOLUTION = "the solution"
    HIDDEN_TEST = "a hidden test"
    MARK_SCHEME = "a mark scheme"


MARKS = {
    SecretKind.SOLUTION: ("BEGIN SOLUTION", "END SOLUTION"),
    SecretKind.HIDDEN_TEST: ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
    SecretKind.MARK_SCHEME: ("BEGIN MARK SCHEME", "END MARK SCHEME"),
}
"""How nbgrader's regions begin and end, unless a course configures other words."""


@dataclass(frozen=True, slots=True)
class SecretLine:
    """A line, or a whole region of short lines, that learners must not get."""

    text: str
    kind: SecretKind
    origin: str
    """The notebook and cell of the author's that it comes from."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that learners must not get of one assignment."""

    lines: tuple[SecretLine, ...]
    pictures: dict[str, str]
    """Attachments and pictured outputs of answers by the SHA-256 of their bytes, and where they come from."""
    attachments: dict[str, str]
    """Names of attachments of answers, and where they come from."""


@dataclass(frozen=True, slots=True)
class _Region:
    kind: SecretKind | None
    """None: learners see it."""
    text: str
    origin: str


def read_secrets(folder: Path) -> Secrets:
    """Return what the notebooks directly in `folder` keep from learners.

    Raises:
        NotebookError: one of them cannot be read.
    """
    regions: list[_Region] = [_Region(None, _STUBS, "nbgrader")]
    secret, shown = _Pictures(), _Pictures()
    for path in sorted(folder.glob("*.ipynb")):
        for number, cell in enumerate(_cells(path), start=1):
            origin = f"{path.name}, {cell_name(number, cell)}"
            regions += _regions(cell, origin)
            (secret if _is_answer(cell) else shown).take(cell, origin)
    pictures = {digest: origin for digest, origin in secret.digests.items() if digest not in shown.digests}
    return Secrets(_worth_keeping(regions), pictures, {name: origin for name, origin in secret.names.items() if name not in shown.names})


def cell_name(number: int, cell: Any) -> str:
    """Return how a cell is told: its place from 1, and its nbgrader id where it has one."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return f"cell {number} ({name})" if isinstance(name, str) else f"cell {number}"


def outputs_of(cell: Any) -> list[dict[str, Any]]:
    """Return the outputs of a cell that are such."""
    outputs = cell.get("outputs")
    return [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []


def picture_digests(bundle: Any) -> Iterator[str]:
    """Yield the SHA-256 of each thing in a MIME bundle that is kept as base64."""
    for content in bundle.values() if isinstance(bundle, dict) else ():
        decoded = decoded_base64(content)
        if decoded:
            yield hashlib.sha256(decoded).hexdigest()


def decoded_base64(content: Any) -> bytes:
    """Return what base64 text stands for; nothing if it is none."""
    text = "".join(content) if isinstance(content, list) and all(isinstance(each, str) for each in content) else content
    if not isinstance(text, str):
        return b""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


class _Pictures:
    """Pictures of cells: by content and, of attachments, by name."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def take(self, cell: Any, origin: str) -> None:
        attachments = cell.get("attachments")
        for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
            self.names.setdefault(str(name), origin)
            self.digests |= dict.fromkeys(picture_digests(bundle), origin)
        for output in outputs_of(cell):
            data = output.get("data")
            named = data.items() if isinstance(data, dict) else ()
            pictured = {mime: content for mime, content in named if mime.startswith(("image/", "application/pdf"))}
            self.digests |= dict.fromkeys(picture_digests(pictured), origin)


def _cells(path: Path) -> list[Any]:
    if path.is_symlink() or path.stat().st_size > MAXIMUM_BYTES:
        raise NotebookError(
            "the notebook is a link, or too large", where=str(path), remedy="Put the file itself there, without its outputs."
        )
    return list(read_notebook_json(path.read_text(encoding="utf-8", errors="replace"), where=str(path)).cells)


def _is_answer(cell: Any) -> bool:
    nbgrader = cell.metadata.get("nbgrader")
    return isinstance(nbgrader, dict) and bool(nbgrader.get("solution"))


def _regions(cell: Any, origin: str) -> list[_Region]:
    """Return the cell's text in pieces, in order: regions that nbgrader takes out, and what it leaves."""
    found: list[_Region] = []
    kind, lines = None, list[str]()
    for line in cell.source.split("\n"):
        begun = next((each for each, (begin, _) in MARKS.items() if begin in line), None)
        ended = kind is not None and MARKS[kind][1] in line
        if begun or ended:
            found.append(_Region(kind, "\n".join(lines), origin))
            kind, lines = (begun, []) if begun else (None, [])
        else:
            lines.append(line)
    found.append(_Region(kind, "\n".join(lines), origin))
    if _is_answer(cell) and not any(region.kind is SecretKind.SOLUTION for region in found):
        return [_Region(region.kind or SecretKind.SOLUTION, region.text, origin) for region in found]
    return found


def _worth_keeping(regions: list[_Region]) -> tuple[SecretLine, ...]:
    """Return the lines of the secret regions that say something and stand nowhere in the open, each once."""
    found: dict[tuple[str, ...], SecretLine] = {}
    for region in regions:
        if region.kind is not None:
            for text in _telling(region.text):
                found.setdefault(tokens_of(text), SecretLine(text, region.kind, region.origin))
    lines = list(found.values())
    index = LineIndex(line.text for line in lines)
    open_ones = {hit.found for region in regions if region.kind is None for hit in index.hits(region.text)}
    return tuple(line for place, line in enumerate(lines) if place not in open_ones)


def _telling(region: str) -> Iterable[str]:
    """Return the lines of a region that weigh enough; the region as one line if only all of them together do."""
    lines = [line.strip() for line in region.split("\n") if line.strip()]
    telling = [line for line in lines if weight_of(line) >= LEAST_WEIGHT]
    if telling or sum(map(weight_of, lines)) < LEAST_WEIGHT:
        return telling
    return [" ".join(lines)]
