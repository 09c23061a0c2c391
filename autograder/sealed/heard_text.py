"""Text of the learner's is not run in the examiner: what came from their side is remembered, and `exec`, `eval` and `compile` of it are done over there.

Rules:
1. Text that a test writes out as a whole is the test's own, unless the learner's side has said the very same.
2. Text that contains, or is a part of, what the learner's side has said is theirs; so is text that a test puts together from words which it does not write.
3. Where it cannot be told any more, because more was said than is remembered, whatever a test does not write out is theirs.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from autograder.sealed.codec import DECODERS
from autograder.sealed.policy import parsed
from autograder.sealed.wire import Tree

_MOST_CHARACTERS = 64 * 2**20
_SHORTEST = 2
_LONG_LINE = 6
_WORD = re.compile(r"[^\W\d]\w*")
_TAGS = frozenset({"kept", "r", "R", "own", "derived", "twin", "trusted", "choice", "exception", "object", "function", "class", "module"})


class HeardText:
    """What the learner's side has said, and what the tests write out."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._characters = 0
        self._overflows = False
        self._written: set[str] = set()
        self._words: set[str] = set()

    def begin(self, source: str) -> None:
        """Note the text that a test writes out."""
        for each in ast.walk(parsed(source)):
            if isinstance(each, ast.Constant) and type(each.value) is str:
                self._written.add(each.value)
                self._words.update(_WORD.findall(each.value))

    def note(self, tree: Tree) -> None:
        """Remember the text in a part of a message."""
        waiting = [tree]
        while waiting:
            part = waiting.pop()
            if type(part) is str:
                self._keep(part)
            elif type(part) is bytes:
                self._keep(part.decode("utf-8", "replace"))
            elif type(part) is list and not set(map(type, part)) <= {int, float, bool, type(None)}:
                is_tagged = bool(part) and type(part[0]) is str and (part[0] in DECODERS or part[0] in _TAGS)
                waiting += part[1:] if is_tagged else part

    def _keep(self, text: str) -> None:
        if len(text) < _SHORTEST or text in self._texts:
            return
        self._characters += len(text)
        if self._characters > _MOST_CHARACTERS:
            self._overflows = True
        else:
            self._texts[text] = None

    def is_learners(self, text: str) -> bool:
        """Whether a text is the learner's."""
        if text in self._written:
            return text in self._texts
        if self._overflows or not set(_WORD.findall(text)) <= self._words:
            return True
        lines = [line.strip() for line in text.splitlines() if len(line.strip()) >= _LONG_LINE]
        return any(heard in text or text in heard or any(line in heard for line in lines) for heard in self._texts)


class LearnersCode:
    """What `compile` gives for text of the learner's: it can be handed to `exec` and `eval`, and to nothing else."""

    def __init__(self, text: str, mode: str) -> None:
        self.text, self.mode = text, mode


def text_of(source: Any) -> str | None:
    """Return the text that would be run, None if it is no text."""
    if isinstance(source, LearnersCode):
        return source.text
    if isinstance(source, (bytes, bytearray)):
        return bytes(source).decode("utf-8", "replace")
    return str(source) if isinstance(source, str) else None
