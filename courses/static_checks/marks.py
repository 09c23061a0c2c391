"""nbgrader's marks in a cell's text: what is taken out of the learners' version. Source: nbgrader 0.9.6, preprocessors clearsolutions, clearhiddentests."""

from __future__ import annotations

from courses.notebook import Cell, CellKind

SOLUTION, HIDDEN_TESTS, MARK_SCHEME = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"


def has_mark(source: str, name: str) -> bool:
    """Whether a region of that name begins or ends in `source`."""
    return f"BEGIN {name}" in source or f"END {name}" in source


def is_paired(source: str, name: str) -> bool:
    """Whether every region of that name that begins also ends, one after the other."""
    inside = False
    for line in source.splitlines():
        begins, ends = f"BEGIN {name}" in line, f"END {name}" in line
        if begins or ends:
            if begins == inside:
                return False
            inside = begins
    return not inside


def split_at(source: str, name: str) -> tuple[str, str]:
    """Return the text outside and the text inside the regions of that name, without the marks."""
    outside: list[str] = []
    within: list[str] = []
    inside = False
    for line in source.splitlines():
        if f"BEGIN {name}" in line:
            inside = True
        elif f"END {name}" in line:
            inside = False
        else:
            (within if inside else outside).append(line)
    return "\n".join(outside), "\n".join(within)


def shown_to_learners(cell: Cell) -> str:
    """Return what of the cell's text stands in the learners' version: an answer without a solution region is taken out whole."""
    if cell.kind in {CellKind.ANSWER, CellKind.MANUAL} and not has_mark(cell.source, SOLUTION):
        return ""
    text = cell.source
    for name in (SOLUTION, HIDDEN_TESTS, MARK_SCHEME):
        text = split_at(text, name)[0]
    return text
