"""One small change of a text, by place: the rest of the text and its comments stay as they are. Pure."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass

from courses.python_syntax import parse

_MAGIC = re.compile(r"^[ \t]*[%!?]", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of a text become `replacement`."""

    operator: str
    """The kind of mistake, such as `boundary` or `wrong column`."""
    start: int
    end: int
    replacement: str

    def applied(self, text: str) -> str:
        """Return the changed text."""
        return text[: self.start] + self.replacement + text[self.end :]


class CodeText:
    """Python text with its syntax tree, and where in the text the parts of the tree stand.

    IPython's magic lines count as comments.

    Raises:
        SyntaxError, ValueError, RecursionError: it is no Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(without_magics(text))
        self._lines = text.split("\n")
        self._starts = list(itertools.accumulate((len(line) + 1 for line in self._lines), initial=0))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where `node` begins and ends, in characters; the tree counts in bytes of UTF-8."""
        place: ast.expr = node  # type: ignore[assignment]  # whatever is asked for has a place
        return self._offset(place.lineno, place.col_offset), self._offset(place.end_lineno or 0, place.end_col_offset or 0)

    def source(self, node: ast.AST) -> str:
        """Return the text of `node`."""
        start, end = self.span(node)
        return self.text[start:end]

    def find(self, symbol: str, start: int, end: int) -> tuple[int, int] | None:
        """Return where the operator `symbol` begins and ends between two places, comments left out; None if it does not stand there."""
        gap = _COMMENT.sub(lambda found: " " * len(found[0]), self.text[start:end])
        found = re.search(r"\s+".join(re.escape(word) for word in symbol.split()), gap)
        return None if found is None else (start + found.start(), start + found.end())

    def line_of(self, offset: int) -> int:
        """Return the number of the line, from 1, that a place lies in."""
        return self.text.count("\n", 0, offset) + 1

    def indentation(self, node: ast.stmt) -> str:
        """Return the white space before a statement, empty if something else stands before it in its line."""
        before = self.text[self._starts[node.lineno - 1] : self.span(node)[0]]
        return before if not before.strip() else ""

    def stands_alone(self, node: ast.stmt) -> bool:
        """Whether nothing but white space stands before the statement in its line."""
        return not self.text[self._starts[node.lineno - 1] : self.span(node)[0]].strip()

    def _offset(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        characters = column if text.isascii() else len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))
        return self._starts[line - 1] + characters


def without_magics(text: str) -> str:
    """Return `text` with IPython's lines made comments of the same length."""
    return _MAGIC.sub(lambda found: found[0][:-1] + "#", text)


def diff_of(before: str, after: str, name: str) -> str:
    """Return a unified diff of two texts that differ in one place: one hunk, with a line around it."""
    old, new = before.split("\n"), after.split("\n")
    alike = next((place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    most = min(len(old), len(new)) - alike
    rest = next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)
    first, last, new_last = max(0, alike - 1), len(old) - rest, len(new) - rest
    following = old[last : last + 1]
    head = f"@@ -{first + 1},{last - first + len(following)} +{first + 1},{new_last - first + len(following)} @@"
    changed = [*(f"-{line}" for line in old[alike:last]), *(f"+{line}" for line in new[alike:new_last])]
    return "\n".join(
        [f"--- {name}", f"+++ {name}", head, *(f" {line}" for line in old[first:alike]), *changed, *(f" {line}" for line in following)]
    )
