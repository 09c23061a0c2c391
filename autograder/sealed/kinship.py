"""Lets `issubclass` answer for the learner's classes where the other class is abstract (`abc.ABC`, `collections.abc`): Python wants real classes there.

Like `isinstance` of a learner's object, it is answered by what their side says of its own class.
"""

from __future__ import annotations

import abc
from typing import Any

from autograder.sealed.references import is_reference


def teach_issubclass() -> None:
    """Make abstract classes know references to classes, for good."""
    own = abc.ABCMeta.__subclasscheck__

    def either(kind: Any, other: Any) -> bool:
        if not is_reference(other):
            return own(kind, other)
        return other._sealed_about.kind == "class" and other._sealed_owner.request("is subclass", other, kind) is True

    abc.ABCMeta.__subclasscheck__ = either  # type: ignore[method-assign]
