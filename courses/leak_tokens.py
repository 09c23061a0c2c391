"""Lines as sequences of tokens, and the search for many such lines in a text at once.

Spaces, indentation, line breaks and the kind of quotes do not count: `n*n` is `n * n`, and a line is found in the middle of a sentence, behind a `>` or
inside a string. Whether a line is worth being looked for is its weight: words weigh by their length, keywords, everyday names, imports and brackets
hardly anything, so that `else:`, `return result` and `total = 0` say nothing about an answer, and `return n * n` does.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LEAST_WEIGHT = 3.0
"""What a line has to weigh to be looked for."""

_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|[^\w\s\\]")
_ONE_QUOTE = str.maketrans({"'": '"', "`": '"', "\u2018": '"', "\u2019": '"', "\u201c": '"', "\u201d": '"'})
_STOP_WORDS = (
    "a an and are as at be by for from has have in is it its not of on or so than that the then there this to was we were with you your "
    "self cls np pd plt os sys math df value values result results answer answers data name code text print"
)
_EVERYDAY = frozenset(
    {*map(str.lower, keyword.kwlist), *(name.lower() for name in dir(builtins) if not name.startswith("_")), *_STOP_WORDS.split()}
)
_ARITHMETIC = frozenset("+-*/%^&|~@")
_COMPARING = frozenset("=<>!")
_IMPORT = re.compile(r"\s*(import\s+\w|from\s+[\w.]+\s+import\b)")
_ESCAPES = (("\\r\\n", "\n"), ("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'))
_PREFIX = 2
"""How many tokens of a line lead to it in the index; the shortest line of the least weight has as many."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that was found in a text."""

    line: int
    """Of the text, from 1."""
    found: int
    """Which of the lines that were looked for, by its place."""


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the tokens of `text`, of one line or of many."""
    return tuple(sys.intern(token) for token in _TOKEN.findall(_unescaped(text).translate(_ONE_QUOTE)))


def weight_of(line: str) -> float:
    """Return how much `line` says; `LEAST_WEIGHT` and more is worth being looked for."""
    if _IMPORT.match(line):
        return 0.0
    tokens = tokens_of(line)
    return sum(map(_weight, tokens)) - sum(
        _weight(token) for token, before in zip(tokens[1:], tokens, strict=False) if _same_run(before, token)
    )


def _same_run(before: str, token: str) -> bool:
    """Whether `token` goes on with an operator such as `+=` or `==`, or with a ruled line: together they weigh once."""
    operators = _ARITHMETIC | _COMPARING
    return before in operators and token in operators


def _weight(token: str) -> float:
    if token in _ARITHMETIC:
        return 1.0
    if token in _COMPARING:
        return 0.5
    if token[0].isdigit():
        return 0.5 if token in {"0", "1"} else 1.0
    if not (token[0].isalpha() or token[0] == "_"):
        return 0.0
    if token.lower() in _EVERYDAY or token.strip("_") == "":
        return 0.25
    return 1.0 if len(token) <= 2 else 1.5


class LineIndex:
    """Lines that are looked for together: a text is gone through once, however many there are."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Take `lines`; those of one token are never found."""
        self._by_prefix: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] = {}
        for place, line in enumerate(lines):
            tokens = tokens_of(line)
            if len(tokens) >= _PREFIX:
                self._by_prefix.setdefault(tokens[:_PREFIX], []).append((place, tokens))
        self._first = {prefix[0] for prefix in self._by_prefix}

    def hits(self, text: str) -> Iterator[Hit]:
        """Yield where the lines stand in `text`, in its order; escaped line breaks and quotes count as what they stand for."""
        if not self._by_prefix:
            return
        tokens, lines = _numbered(_unescaped(text))
        first, by_prefix = self._first, self._by_prefix
        for start in (place for place, token in enumerate(tokens) if token in first):
            for place, sought in by_prefix.get(tuple(tokens[start : start + _PREFIX]), ()):
                if tuple(tokens[start : start + len(sought)]) == sought:
                    yield Hit(lines[start], place)


def _numbered(text: str) -> tuple[list[str], list[int]]:
    tokens: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(text.translate(_ONE_QUOTE).splitlines(), start=1):
        found = _TOKEN.findall(line)
        tokens += found
        lines += [number] * len(found)
    return tokens, lines


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    for escaped, meant in _ESCAPES:
        text = text.replace(escaped, meant)
    return text
