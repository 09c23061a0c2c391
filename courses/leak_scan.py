"""Looks through the learner version of an assignment for whatever of the answers is left in it (L01 to L08).

Two folders in, findings out: nothing is run, no link is followed, and no file is read beyond a limit. Everything in the release is looked at, also what
nbgrader only copies: other notebooks, helper files, data files, file names. What cannot be looked at is told, never passed over.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from courses.findings import Finding, blocking, warning
from courses.leak_notebook import (
    Passage,
    check_attachments,
    check_metadata,
    check_stored_results,
    parse_as_notebook,
    passages_of,
    picture_finding,
)
from courses.leak_secrets import MARKS, SecretKind, SecretLine, Secrets, read_secrets
from courses.leak_tokens import LineIndex
from courses.nbgrader_course import NbgraderCourse

MAXIMUM_BYTES = 16 * 2**20
"""How much of one file is looked through."""
MAXIMUM_FILES = 5_000

_LEFT_OVER_FOLDERS = frozenset({".ipynb_checkpoints", "__pycache__", ".git", ".hg", ".svn", ".virtual_documents", ".vscode", ".idea"})
_LEFT_OVER_FILE = re.compile(r".*(~|\.pyc|\.pyo|\.bak|\.orig|\.rej|\.sw[a-p])|\.#.*|#.*#", re.IGNORECASE)
_ANSWER_NAME = re.compile(r"(?:^|[^a-z])(solutions?|soln|answer[ _-]?keys?|hidden[ _-]?tests?|mark[ _-]?scheme)(?:[^a-z]|$)", re.IGNORECASE)
_ANSWER_SUFFIX = re.compile(r"[ _-](ans|sol)\.(ipynb|py|md|r|txt|html|pdf)", re.IGNORECASE)
_PRINTABLE = re.compile(rb"[\x20-\x7e\t\r\n\x80-\xff]{4,}")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def scan_release(source: Path, released: Path, *, where: str) -> list[Finding]:
    """Return what of the answers in the author's folder `source` is left in the learner version `released`, in the order of the files.

    Args:
        where: what stands before each place, such as the assignment's name.

    Raises:
        NotebookError: a notebook of the author's cannot be read.
    """
    secrets = read_secrets(source)
    scan = _Scan(secrets, LineIndex(line.text for line in secrets.lines))
    findings: list[Finding] = []
    for number, entry in enumerate(_walk(released)):
        place = f"{where}/{entry.name}"
        if number >= MAXIMUM_FILES:
            findings.append(_unseen("there are too many files in it: the rest was not looked at", where))
            break
        findings += _name_findings(entry, place, scan)
        findings += _file_findings(entry, place, scan)
    return findings


def leaks_of_course(draft: NbgraderCourse, course_folder: Path, assignments: tuple[str, ...]) -> list[Finding]:
    """Return what `scan_release` finds in each of the `assignments` of a drafted course; see `courses.release.draft_course`."""
    return [each for name in assignments for each in scan_release(course_folder / name, draft.release(name), where=name)]


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    name: str
    """Relative to the release, with `/`."""
    is_regular: bool


@dataclass(frozen=True, slots=True)
class _Scan:
    secrets: Secrets
    index: LineIndex


def _walk(folder: Path) -> Iterator[_Entry]:
    """Yield everything under `folder` but its folders, sorted."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            else:
                regular = stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
                yield _Entry(Path(entry.path), Path(entry.path).relative_to(folder).as_posix(), regular)


def _name_findings(entry: _Entry, place: str, scan: _Scan) -> list[Finding]:
    parts = entry.name.split("/")
    if set(parts[:-1]) & _LEFT_OVER_FOLDERS or parts[-1] in _LEFT_OVER_FOLDERS or _LEFT_OVER_FILE.fullmatch(parts[-1]):
        return [_helper("this is what a program left behind; it may hold an earlier state of the answers", place)]
    found = _line_findings(Passage(f"{place}, the file's name", entry.name), scan)
    if _ANSWER_NAME.search(entry.name) or _ANSWER_SUFFIX.search(parts[-1]):
        found.append(_helper("by its name this file holds answers", place))
    return found


def _file_findings(entry: _Entry, place: str, scan: _Scan) -> list[Finding]:
    content = _read(entry.path) if entry.is_regular else None
    if content is None:
        return [
            blocking("L08", "this is a link or a special file, which is never followed", place, "Put the file itself into the assignment.")
        ]
    found = []
    if len(content) > MAXIMUM_BYTES:
        found.append(_unseen(f"only the first {MAXIMUM_BYTES // 2**20} MiB of it were looked through", place))
    digest = hashlib.sha256(content).hexdigest()
    if digest in scan.secrets.pictures:
        found.append(picture_finding(scan.secrets.pictures[digest], place))
    text = _text_of(content[:MAXIMUM_BYTES])
    node = parse_as_notebook(text) if entry.name.endswith((".ipynb", ".json")) else None
    if node is None:
        return [*found, *_passage_findings(Passage(place, text), scan)]
    for passage in passages_of(node, place):
        found += _passage_findings(passage, scan)
    if "/" not in entry.name:  # nbgrader made it; notebooks in folders it only copies
        found += check_stored_results(node, place) + check_metadata(node, place)
    return found + check_attachments(node, scan.secrets, place)


def _passage_findings(passage: Passage, scan: _Scan) -> list[Finding]:
    found = _line_findings(passage, scan)
    mark = next((begin for begin, _ in MARKS.values() if begin in passage.text), None)
    if mark is not None:
        line = passage.text[: passage.text.index(mark)].count("\n") + 1
        found.append(_helper(f"nbgrader's mark {mark!r} is released, with what it should keep back", f"{passage.where}, line {line}"))
    return found


def _line_findings(passage: Passage, scan: _Scan) -> list[Finding]:
    """Return one finding for each kind of secret that stands in the passage: at its first line, with how many more there are."""
    hits: dict[SecretKind, dict[int, tuple[int, SecretLine]]] = {}
    for hit in scan.index.hits(passage.text):
        secret = scan.secrets.lines[hit.found]
        hits.setdefault(secret.kind, {}).setdefault(hit.found, (hit.line, secret))
    return [_leak(kind, list(lines.values()), passage.where) for kind, lines in hits.items()]


def _leak(kind: SecretKind, lines: list[tuple[int, SecretLine]], where: str) -> Finding:
    number, secret = min(lines, key=lambda each: each[0])
    shown = secret.text if len(secret.text) <= 80 else f"{secret.text[:79]}…"
    more = f", and {len(lines) - 1} more of its kind" if len(lines) > 1 else ""
    problem = f"a line of {kind.value} ({secret.origin}) stands in the release: `{shown}`{more}"
    place = f"{where}, line {number}"
    if kind is SecretKind.SOLUTION:
        return blocking(
            "L01", problem, place, "Take it out of what learners see, or, if they may see it, show it in the author's notebook openly."
        )
    if kind is SecretKind.HIDDEN_TEST:
        return blocking("L02", problem, place, "Take it out of what learners see, or make it an open test.")
    return blocking("L03", problem, place, "Take it out of what learners see, or put it outside the mark scheme.")


def _helper(problem: str, place: str) -> Finding:
    return blocking(
        "L07", problem, place, "Delete or rename it in the assignment's folder, or list it in nbgrader's CourseDirectory.ignore."
    )


def _unseen(problem: str, place: str) -> Finding:
    return warning("L08", problem, place, "Look yourself whether it tells an answer.")


def _read(path: Path) -> bytes | None:
    """Return the file's bytes up to one more than the limit; None if it is no regular file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        return stream.read(MAXIMUM_BYTES + 1) if stat.S_ISREG(os.fstat(handle).st_mode) else None


def _text_of(content: bytes) -> str:
    """Return the file as text; of one that is none, the readable pieces."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if b"\0" in content[:8192]:
        return b"\n".join(_PRINTABLE.findall(content)).decode("utf-8", errors="replace")
    return content.decode("utf-8", errors="replace")
