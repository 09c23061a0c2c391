"""Lets `issubclass` answer for the learner's classes where the other class is abstract (`abc.ABC`, `collections.abc`): Python wants real classes there.

Like `isinstance` of a learner's object, it is answered by what their side says of its own class.

Of all other classes the answer is Python's own, and so is the way to it. An abstract class asks the classes below it, and a `typing.Protocol` among them that
cannot be checked at run time lets itself be asked by `abc` only, which it tells by the module that called, two calls above its own.
"""

from __future__ import annotations

import abc
import types
from typing import Any

from autograder.sealed.references import is_reference


def teach_issubclass() -> None:
    """Make abstract classes know references to classes, for good."""
    own = abc._abc_subclasscheck  # type: ignore[attr-defined]  # all that `ABCMeta.__subclasscheck__` calls: calling that one would be a call more

    def either(kind: Any, other: Any) -> bool:
        if not is_reference(other):
            return own(kind, other) is True
        return other._sealed_about.kind == "class" and other._sealed_owner.request("is subclass", other, kind) is True

    named_abc = types.FunctionType(either.__code__, globals() | {"__name__": abc.__name__}, closure=either.__closure__)
    abc.ABCMeta.__subclasscheck__ = named_abc  # type: ignore[method-assign]
