"""Shows text that somebody else wrote, in a terminal or on a page, so that what is read is what is there. Pure."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's categories of control, format (bidirectional marks, zero-width joiners), surrogate, private and separating characters."""


def is_unseen(character: str) -> bool:
    """Whether a character shows nothing of itself, or changes how what stands round it is shown."""
    return unicodedata.category(character) in _UNSEEN


def visible(text: str) -> str:
    """Return `text` with every unseen character but line ends and tabs written as Python escapes it: no colours, no reversed reading, nothing hidden."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each in _KEPT or not is_unseen(each) else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
