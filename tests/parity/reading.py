"""Reads an assignment of this suite from its text: source notebooks, files beside them, and submissions.

A text is made of parts, each under a heading line `# %% KIND NAME [POINTS]`; `# %%%` opens a section (a submission, a file, another notebook):

    # %% markdown | free | setup NAME | answer NAME | test NAME POINTS | essay NAME POINTS | essay-code NAME POINTS | task NAME POINTS
    # %%% notebook NAME          the cells below belong to this notebook; before the first, to one named as the assignment
    # %%% file NAME              what follows is a file beside the notebooks
    # %%% submission NAME [from blank] [cheats | lost] [late]
    # %% NAME                    the submission's text of that cell; all others as in `full` (or `blank`)
    # %% after NAME | delete NAME | copy NAME | last NAME | rename NAME NEW

`setup` is read-only, `free` is the instructor's and unlocked, `essay` is marked by hand. Solutions stand between BEGIN and END SOLUTION, hidden tests between
theirs, as in any nbgrader course.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "assignments"
_HEADING = re.compile(r"^# (%{2,3}) (.+)$")
KINDS = frozenset({"markdown", "free", "setup", "answer", "test", "essay", "essay-code", "task"})


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the instructor's notebook."""

    kind: str
    name: str
    """Its grade_id; empty for `markdown` and `free`."""
    points: float
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a submission does to one cell: `set`, `after`, `delete`, `copy`, `last` or `rename`."""

    action: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Submission:
    """How a learner's notebook differs from the solution, or from the released one."""

    name: str
    is_blank: bool = False
    cheats: bool = False
    """Whether nbgrader gives it marks that it must not get here."""
    is_lost: bool = False
    """Whether nbgrader cannot grade it, and perhaps none after it."""
    is_late: bool = False
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class Assignment:
    """Everything about one assignment."""

    name: str
    notebooks: dict[str, list[Cell]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)
    timeout_s: int = 20


def read_assignment(path: Path) -> Assignment:
    """Return the assignment that a text describes.

    Raises:
        ValueError: a heading says nothing that is known.
    """
    found = Assignment(path.stem)
    section = ["notebook", path.stem]
    for marks, heading, text in _parts(path.read_text(encoding="utf-8")):
        words = heading.split()
        if marks == "%%%":
            section = words
            _open_section(found, words, text)
        elif section[0] == "notebook":
            found.notebooks.setdefault(section[1], []).append(_cell(words, text))
        elif section[0] == "submission":
            last = found.submissions[-1]
            found.submissions[-1] = Submission(
                last.name, last.is_blank, last.cheats, last.is_lost, last.is_late, (*last.changes, _change(words, text))
            )
        else:
            raise ValueError(f"{path.name}: nothing belongs under {heading!r}")
    return found


def all_assignments() -> list[Path]:
    """Return the texts of all assignments, by name."""
    return sorted(FOLDER.glob("*.txt"))


def _parts(text: str) -> list[tuple[str, str, str]]:
    parts: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            parts.append((heading[1], heading[2], []))
        elif parts:
            parts[-1][2].append(line)
    return [(marks, heading, "\n".join(lines).strip("\n")) for marks, heading, lines in parts]


def _open_section(found: Assignment, words: list[str], text: str) -> None:
    kind, *rest = words
    if kind == "timeout":
        found.timeout_s = int(rest[0])
    elif kind == "file":
        found.files[rest[0]] = text + "\n"
    elif kind == "submission":
        traits = set(rest[1:])
        if traits - {"from", "blank", "cheats", "lost", "late"}:
            raise ValueError(f"{found.name}: unknown trait in {words}")
        found.submissions.append(Submission(rest[0], "blank" in traits, "cheats" in traits, "lost" in traits, "late" in traits))
    elif kind != "notebook":
        raise ValueError(f"{found.name}: unknown section {words}")


def _cell(words: list[str], text: str) -> Cell:
    if words[0] not in KINDS:
        raise ValueError(f"unknown kind of cell {words}")
    return Cell(words[0], words[1] if len(words) > 1 else "", float(words[2]) if len(words) > 2 else 0.0, text)


def _change(words: list[str], text: str) -> Change:
    if words[0] in {"after", "delete", "copy", "last"}:
        return Change(words[0], words[1], text)
    if words[0] == "rename":
        return Change("rename", words[1], words[2])
    return Change("set", words[0], text)
