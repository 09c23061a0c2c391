"""What the examiner lets through: attributes of what the tests handed over, library objects by name, and what an object claims to be."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

from autograder.sealed.codec import TYPE_NAMES
from autograder.sealed.policy import LibraryName
from autograder.sealed.references import About

_TELLING = frozenset({"__name__", "__doc__", "__qualname__"})
_CLOSED_KINDS = (types.FunctionType, types.MethodType, types.GeneratorType, types.CoroutineType, types.ModuleType, type)
_MISLED_BY = {
    "masked": ("",),
    "empty": ("assert_a", "assert_equal", "allclose", "isclose", ".all(", "np.all"),
    "missing": (".all(", "np.all", "all("),
}
ODDITIES = {"masked": "some are masked", "empty": "there are none", "missing": "some are missing (NA)"}
"""What is wrong with values that some comparisons take for equal to everything."""

_BUILTIN_KINDS: dict[str, type] = {
    "function": types.FunctionType,
    "method": types.MethodType,
    "generator": types.GeneratorType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    **{kind.__name__: kind for kind in (zip, map, filter, enumerate, reversed, property)},
}


def library_place(thing: Any) -> tuple[str, str] | None:
    """Return the module and the name under which both sides find a library's function or class; None if it is not one."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", getattr(thing, "__name__", None))
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__" or module not in sys.modules:
        return None
    if not callable(thing) or isinstance(thing, types.MethodType):
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is thing else None


def public_attribute(operation: str, thing: Any, name: object, *value: Any) -> Any:
    """Read or set a public attribute of something that a test handed over. Functions, classes and modules tell their name and nothing else.

    Raises:
        AttributeError: it is none of the learner's business.
    """
    if type(name) is not str or (name.startswith("_") and name not in _TELLING):
        raise AttributeError(str(name))
    if isinstance(thing, _CLOSED_KINDS) and (name not in _TELLING or operation != "attribute"):
        raise AttributeError(name)
    if operation == "attribute":
        return getattr(thing, name)
    return setattr(thing, name, *value)


def claimed_class(told: About, trusted: dict[str, Any]) -> type | None:
    """Return the class of this process that a learner's object says it is of; never a type of plain data, for those come as values.

    Args:
        trusted: the instructor's classes.
    """
    if told.kind == "class":
        return type
    for each in told.ancestors:
        module, _, name = each.partition(":")
        if module == "__main__":
            found = trusted.get(name)
        elif module == "builtins":
            found = _BUILTIN_KINDS.get(name)
        else:
            found = vars(sys.modules[module]).get(name) if module in sys.modules and not module.startswith("autograder") else None
        if isinstance(found, type) and found not in TYPE_NAMES and found is not object:
            return found
    return None


def oddities_of(source: str) -> set[str]:
    """Return which of the `ODDITIES` the comparisons of a test could be misled by."""
    return {oddity for oddity, words in _MISLED_BY.items() if any(word in source for word in words)}


def library_value(name: str, imported: LibraryName | None, star_modules: tuple[str, ...]) -> Any:
    """Return what a name of the reference solution's imports stands for: this process's own library.

    Raises:
        KeyError: nothing.
    """
    if imported is None:
        for module in map(importlib.import_module, star_modules):
            if hasattr(module, name):
                return getattr(module, name)
        raise KeyError(name)
    found = importlib.import_module(imported.module)
    if imported.attribute is None:
        return found
    return (
        getattr(found, imported.attribute)
        if hasattr(found, imported.attribute)
        else importlib.import_module(f"{imported.module}.{imported.attribute}")
    )
