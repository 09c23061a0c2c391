"""Shows a value in words, for a learner whose check failed without a message of its author's. Pure; asks nothing of an object."""

from __future__ import annotations

from typing import Any

_LONGEST = 120
_ITEMS = 8


def shown(value: object, depth: int = 2) -> str:
    """Return `value` as Python writes it, at most 120 characters; of what is no plain value only the class's name."""
    text = _shown(value, depth)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _shown(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in {int, float, complex, bool, type(None)}:
        return repr(value) if kind is not int or value.bit_length() < 400 else "a very large whole number"
    if kind in {str, bytes}:
        return repr(value[:_LONGEST])
    if kind in {list, tuple, set, frozenset, dict} and depth:
        return _container(value, depth)
    return f"a value of type {kind.__name__}"


def _container(value: Any, depth: int) -> str:
    kind: Any = type(value)
    items = list(value.items() if kind is dict else value)[:_ITEMS]
    if kind is dict:
        parts = [f"{_shown(key, 0)}: {_shown(each, depth - 1)}" for key, each in items]
    else:
        parts = [_shown(each, depth - 1) for each in items]
    inside = ", ".join([*parts, *(["..."] if len(value) > len(items) else [])])
    if kind is list:
        return f"[{inside}]"
    if kind is tuple:
        return f"({inside}{',' if len(value) == 1 else ''})"
    return f"{{{inside}}}" if value or kind is dict else f"{kind.__name__}()"
