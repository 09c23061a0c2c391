"""On which line of a TOML file a field stands. `tomllib` tells none, and no well-kept library that we know keeps positions.

The text has been read by `tomllib` before, so it is TOML: this reader only follows keys, brackets and strings, and gives up quietly on what it does not
understand (a field without a line is told without one). Source: TOML 1.0, https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Step = str | int
Path = tuple[Step, ...]

_KEY = re.compile(r"""[ \t]*(?:(?P<bare>[A-Za-z0-9_-]+)|"(?P<basic>(?:\\.|[^"\\\n])*)"|'(?P<literal>[^'\n]*)')[ \t]*(?P<dot>\.?)""")
_STRINGS = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'", re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^\s,\]}#][^,\]}#\n]*")


class TomlLines:
    """The lines of a TOML text, by the path of what stands there: `("assessments", 0, "items")`."""

    def __init__(self, text: str) -> None:
        reader = _Reader(text)
        reader.read()
        self._lines = reader.lines

    def line_of(self, *path: Step) -> int | None:
        """Return the line (from 1) of the field at `path`, or else of the nearest table round it that the file has; None if there is none.

        What is missing is missing in the table round it, so that is the place to look.
        """
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return None


@dataclass
class _Reader:
    """Walks once over the text."""

    text: str
    position: int = 0
    table: Path = ()
    lines: dict[Path, int] = field(default_factory=dict)
    counts: dict[Path, int] = field(default_factory=dict)
    """How many tables `[[...]]` there have been, by the path of their list."""

    def read(self) -> None:
        """Read all tables and keys; stop where the text is not understood."""
        while True:
            self.skip_blank()
            if self.position >= len(self.text):
                return
            before = self.position
            if self.text[self.position] == "[":
                self.read_header()
            else:
                self.read_pair(self.table)
            if self.position == before:
                return

    def skip_blank(self) -> None:
        self.position = _BLANK.match(self.text, self.position).end()  # type: ignore[union-attr]  # it matches the empty text too

    def take(self, mark: str) -> bool:
        """Go past `mark` if it stands here."""
        if self.text.startswith(mark, self.position):
            self.position += len(mark)
            return True
        return False

    def note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.position) + 1)

    def read_header(self) -> None:
        start = self.position
        is_list = self.take("[[")
        if not is_list:
            self.take("[")
        keys = self.read_key()
        here = self.resolve(keys[:-1])
        if is_list:
            number = self.counts.get((*here, *keys[-1:]), 0)
            self.counts[*here, *keys[-1:]] = number + 1
            self.table = (*here, *keys[-1:], number)
        else:
            self.table = self.resolve(keys)
        end, self.position = self.position, start
        self.note_all(self.table)
        self.position = end
        self.take("]]" if is_list else "]")

    def resolve(self, keys: Path) -> Path:
        """Return the path that `keys` lead to: in a list of tables, the last one is meant."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def note_all(self, path: Path) -> None:
        for length in range(1, len(path) + 1):
            self.note(path[:length])

    def read_key(self) -> Path:
        keys: Path = ()
        while match := _KEY.match(self.text, self.position):
            keys = (*keys, match["bare"] or match["basic"] or match["literal"] or "")
            self.position = match.end()
            if not match["dot"]:
                break
        return keys

    def read_pair(self, table: Path) -> None:
        start = self.position
        path = (*table, *self.read_key())
        end, self.position = self.position, start
        if path != table:
            self.note_all(path)
        self.position = end
        if self.take("="):
            self.skip_blank()
            self.read_value(path)

    def read_value(self, path: Path) -> None:
        if string := _STRINGS.match(self.text, self.position):
            self.position = string.end()
        elif self.take("["):
            self.read_inside(path, "]")
        elif self.take("{"):
            self.read_inside(path, "}")
        elif scalar := _SCALAR.match(self.text, self.position):
            self.position = scalar.end()

    def read_inside(self, path: Path, end: str) -> None:
        """Read a list or an inline table up to its closing bracket."""
        number = 0
        while True:
            self.skip_blank()
            before = self.position
            if self.take(end) or self.position >= len(self.text):
                return
            if end == "]":
                self.note((*path, number))
                self.read_value((*path, number))
                number += 1
            else:
                self.read_pair(path)
            self.skip_blank()
            if not self.take(",") and self.position == before:
                self.position = len(self.text)
