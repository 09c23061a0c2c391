"""What the learner's code prints while a test runs: kept, and sent with the next message. The learner's side of it; nothing here is believed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from autograder.sealed.reports import RECORD, WARNING
from autograder.sealed.wire import Tree

_LONGEST_PRINT = 4_000_000


class Printed(io.TextIOBase):
    """A stream that keeps what is printed, to be sent with the next message."""

    def __init__(self, kept: list[list[Any]], number: int) -> None:
        self._kept, self._number = kept, number

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return that of the notebook's own streams."""
        return "utf-8"

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep the text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._kept and self._kept[-1][0] == self._number:
            self._kept[-1][1].append(str(text))
        else:
            self._kept.append([self._number, [str(text)]])
        return len(text)


def printed_trees(kept: list[list[Any]], encode: Callable[[Any], Tree]) -> Tree:
    """Return the trees of what was kept, None for nothing, and empty it."""
    found = kept.copy()
    kept.clear()
    return [
        [each[0], *map(encode, each[1:])] if each[0] in {WARNING, RECORD} else [each[0], encode("".join(each[1])[:_LONGEST_PRINT])]
        for each in found
    ] or None
