"""Turns the marks in otter's solution cells into nbgrader's solution regions. Pure: text in, text out.

| otter | becomes |
|---|---|
| `x = 1 # SOLUTION` | a region, and before it the comment `# x = ...`, as learners saw it |
| `# BEGIN SOLUTION` … `# END SOLUTION`, `# SOLUTION NO PROMPT`, `# SEED` | a region |
| a string between `# BEGIN PROMPT` and `# END PROMPT` | comments that learners see |
| `# IGNORE`, `# BEGIN IGNORE` … `# END IGNORE` | left out, as otter does |

Neighbouring regions become one, because nbgrader puts a stub that raises in the place of each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from courses.authoring.nbgrader_cells import BEGIN_SOLUTION, END_SOLUTION

_ASSIGNED = re.compile(r"(\s*(?:[\w.]+(?:\[[^\]]*\])*(?:,\s*)?)+\s*=)(?!=).*?#\s?SOLUTION\s*$")
_LINE = re.compile(r"(.*?)\s*#\s?SOLUTION\s*$")
_NO_PROMPT = re.compile(r"(.*?)\s*#\s?SOLUTION NO PROMPT\s*$")
_SEED = re.compile(r".*#\s?SEED\s*$")
_BEGIN = re.compile(r"\s*#\s?BEGIN SOLUTION( NO PROMPT)?\s*$")
_END = re.compile(r".*#\s?END SOLUTION\s*$")
_BEGIN_PROMPT = re.compile(r"\s*[A-Za-z_]*\s*=?\s*(\"\"\"|''').*#\s?BEGIN PROMPT\s*$")
_END_PROMPT = re.compile(r".*#\s?END PROMPT\s*$")
_IGNORE = re.compile(r".*#\s?IGNORE\s*$")
_BEGIN_IGNORE, _END_IGNORE = re.compile(r"\s*#\s*BEGIN\s*IGNORE", re.IGNORECASE), re.compile(r".*#\s?END IGNORE\s*$")
_HEADER = re.compile(r"##\s*solution\s*##\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution cell in nbgrader's form."""

    source: str
    has_region: bool
    """Whether anything is taken out for learners."""
    unclosed: str = ""
    """Which mark is not closed; empty if none."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    kind: Literal["given", "solution", "hint"]

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def without_ignored(source: str) -> str:
    """Return `source` without what otter leaves out of every output."""
    kept, ignoring = [], False
    for line in source.splitlines():
        if ignoring:
            ignoring = not _END_IGNORE.match(line)
        elif _BEGIN_IGNORE.match(line):
            ignoring = True
        elif not _IGNORE.match(line):
            kept.append(line)
    return "\n".join(kept)


def converted_solution(source: str) -> Solution:
    """Return an otter solution cell's code in nbgrader's form; see the module."""
    lines: list[_Line] = []
    mode = ""
    for number, line in enumerate(without_ignored(source).splitlines()):
        if mode == "solution" and _END.match(line):
            mode = ""
        elif mode == "solution":
            lines.append(_Line(line, "solution"))
        elif mode == "prompt" and _END_PROMPT.match(line):
            mode = ""
        elif mode == "prompt":
            lines.append(_Line(_commented(line), "given"))
        elif _BEGIN.match(line):
            mode = "solution"
        elif _BEGIN_PROMPT.match(line):
            mode = "prompt"
        elif not (number == 0 and _HEADER.match(line.strip())):
            lines += _marked_line(line)
    unclosed = {"solution": "BEGIN SOLUTION", "prompt": "BEGIN PROMPT", "": ""}[mode]
    return Solution("\n".join(_with_regions(lines)), any(line.kind == "solution" for line in lines), unclosed)


def _marked_line(line: str) -> list[_Line]:
    """Return a line outside of blocks, with what learners saw in its place."""
    if found := _NO_PROMPT.match(line):
        return [_Line(found[1], "solution")]
    if _SEED.match(line):
        return [_Line(line, "solution")]
    found = _LINE.match(line)
    if found is None:
        return [_Line(line, "given")]
    assigned = _ASSIGNED.match(line)
    hint = [_Line(_commented(f"{assigned[1]} ..."), "hint")] if assigned else []
    return [*hint, _Line(found[1], "solution")]


def _commented(line: str) -> str:
    stripped = line.lstrip()
    return line if not stripped or stripped.startswith("#") else f"{line[: len(line) - len(stripped)]}# {stripped}"


@dataclass(slots=True)
class _Region:
    hints: list[_Line] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)
    blanks: list[_Line] = field(default_factory=list)
    """Blank lines that may turn out to lie within it."""

    @property
    def indent(self) -> int:
        return next((line.indent for line in [*self.hints, *self.lines] if line.text.strip()), 0)

    def take(self, line: _Line) -> bool:
        """Take `line` in if it belongs to this region."""
        if line.kind == "given":
            if self.lines and not line.text.strip():
                self.blanks.append(line)
                return True
            return False
        if self.lines and line.text.strip() and line.indent < self.indent:
            return False
        if line.kind == "solution":
            self.lines += [*self.blanks, line]
            self.blanks = []
        elif not self.lines or line.indent == self.indent:
            self.hints.append(line)
        return True

    def text(self) -> list[str]:
        if not self.lines:
            return []
        margin = " " * self.indent
        return [
            *(line.text for line in self.hints), margin + BEGIN_SOLUTION, *(line.text for line in self.lines), margin + END_SOLUTION,
            *(line.text for line in self.blanks),
        ]  # fmt: skip


def _with_regions(lines: list[_Line]) -> list[str]:
    result: list[str] = []
    region = _Region()
    for line in lines:
        if region.take(line):
            continue
        result += region.text()
        region = _Region()
        if not region.take(line):
            result.append(line.text)
    return result + region.text()
