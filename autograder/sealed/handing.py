"""What the examiner lets through: attributes of what the tests handed over, library objects by name, and what an object claims to be."""

from __future__ import annotations

import abc
import enum
import importlib
import sys
import types
from collections.abc import Collection
from typing import Any

from autograder.sealed.codec import ENCODERS, FAMILIES, TYPE_NAMES, Encoder, plain_base
from autograder.sealed.policy import LibraryName
from autograder.sealed.references import FORWARDED, About, operate
from autograder.sealed.wire import WireError

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
    "coroutine": types.CoroutineType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    **{kind.__name__: kind for kind in (zip, map, filter, enumerate, reversed, property)},
}


def local_place(kind: type, local: Collection[str]) -> str | None:
    """Return `module:name` of a class that one of the instructor's modules defines, None of any other.

    Args:
        local: the modules beside the notebook.
    """
    module = vars(kind).get("__module__")
    if type(module) is not str or module.partition(".")[0] not in local or module not in sys.modules:
        return None
    name = str(kind.__name__)
    return f"{module}:{name}" if vars(sys.modules[module]).get(name) is kind else None


def local_class(place: str, local: Collection[str]) -> type:
    """Return the class of that place.

    Raises:
        WireError: there is none.
    """
    module, _, name = place.partition(":")
    if module.partition(".")[0] not in local:
        raise WireError("no class of the instructor's")
    found = vars(importlib.import_module(module)).get(name)
    if not isinstance(found, type) or local_place(found, local) != place:
        raise WireError("no class of the instructor's")
    return found


def is_plain_kind(kind: type) -> bool:
    """Whether an object of a class is made up of its attributes and nothing else."""
    return getattr(kind, "__new__") is object.__new__ and kind.__dictoffset__ != 0 and not issubclass(kind, BaseException)  # noqa: B009 - mypy thinks it like no other


def twin_tree(encoder: Encoder, thing: Any, place: str | None) -> list[Any] | None:
    """Return the tree by which an object of one of the instructor's classes crosses by value; None if it does not.

    Args:
        place: the name of its class on both sides, None if it is not the instructor's.
    """
    kind = type(thing)
    if place is None:
        return None
    if isinstance(thing, enum.Enum):
        return ["choice", place, thing.name] if type(thing.name) is str else None
    if not hasattr(thing, "__dict__") or (":" in place and not is_plain_kind(kind)):
        return None
    encoder.number(thing)
    return ["twin", place, encoder.encode(vars(thing))]


def member_of(kind: type, name: object) -> Any:
    """Return a member of an enumeration.

    Raises:
        WireError: it has none of that name.
    """
    if not issubclass(kind, enum.Enum) or type(name) is not str or name not in kind.__members__:
        raise WireError("no member of an enumeration")
    return kind.__members__[name]


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


_HARMLESS_MODULES = frozenset({"math", "cmath", "statistics"})
_HARMLESS_CLASSES = frozenset(
    {("abc", "ABC"), ("enum", "Enum"), ("enum", "IntEnum"), ("enum", "Flag"), ("builtins", "object"), ("builtins", "type")}
)
_PURE_ARRAY_FUNCTIONS = frozenset(
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "argsort",
        "average",
        "clip",
        "concatenate",
        "cumprod",
        "cumsum",
        "diff",
        "dot",
        "max",
        "mean",
        "median",
        "min",
        "prod",
        "ptp",
        "quantile",
        "reshape",
        "round",
        "sort",
        "std",
        "sum",
        "trace",
        "transpose",
        "unique",
        "var",
        "where",
        "zeros_like",
        "ones_like",
        "amax",
        "amin",
    ]
)


def harmless_library_object(module: str, name: str) -> Any:
    """Return this process's library object of that place if calling it can do nothing but calculate; None otherwise."""
    found = vars(sys.modules[module]).get(name) if module in sys.modules else None
    if found is None:
        return None
    if module in _HARMLESS_MODULES and isinstance(found, (types.BuiltinFunctionType, types.FunctionType)):
        return found
    if (module, name) in _HARMLESS_CLASSES or (module == "builtins" and isinstance(found, type) and issubclass(found, Exception)):
        return found
    numpy = sys.modules.get("numpy")
    if numpy is not None and (isinstance(found, numpy.ufunc) or (module == "numpy" and name in _PURE_ARRAY_FUNCTIONS)):
        return found
    return None


def public_attribute(operation: str, thing: Any, name: object, *value: Any) -> Any:
    """Read or set a public attribute of something that a test handed over. Functions, classes and modules tell their name and nothing else.

    Raises:
        AttributeError: it is none of the learner's business.
    """
    if type(name) is not str or (name.startswith("_") and name not in _TELLING):
        raise AttributeError(str(name))
    if _is_of_a_mock(thing, name):
        raise AttributeError(name)
    if isinstance(thing, _CLOSED_KINDS) and (name not in _TELLING or operation != "attribute"):
        raise AttributeError(name)
    if operation == "attribute":
        return getattr(thing, name)
    return setattr(thing, name, *value)


def _is_of_a_mock(thing: Any, name: str) -> bool:
    """Whether the attribute is one by which a test asks or instructs a mock: what was called, and what it answers."""
    mock = sys.modules.get("unittest.mock")
    if mock is None or not issubclass(type(thing), mock.NonCallableMock):
        return False
    return name.startswith(("assert", "called", "call_")) or hasattr(mock.MagicMixin, name) or name in dir(mock.MagicMock)


def ask_of_tests(operation: str, arguments: list[Any]) -> Any:
    """Do what the learner's code does with something that a test handed to it, other than calling it.

    Raises:
        AttributeError: that is not done.
    """
    thing = arguments[0]
    if operation == "operation" and arguments[1] in FORWARDED:
        return operate(thing, *arguments[1:])
    if operation in {"attribute", "set attribute"}:
        return public_attribute(operation, *arguments)
    if operation in {"repr", "str"}:
        return repr(thing) if operation == "repr" else str(thing)
    if operation == "dir":
        return [name for name in dir(thing) if not name.startswith("_")]
    if operation == "is instance":
        return isinstance(arguments[0], arguments[1]) if isinstance(arguments[1], type) else False
    if operation == "is subclass":
        return issubclass(arguments[0], arguments[1]) if isinstance(arguments[1], type) else False
    raise AttributeError(operation)


def is_library_object(thing: Any, depth: int = 0) -> bool:
    """Whether something is, or holds, an object of a library that has a state of its own and no value that could cross."""
    kind = type(thing)
    if depth < 2 and kind in {list, tuple, dict}:
        parts = list(thing.values()) if kind is dict else list(thing)
        return any(is_library_object(each, depth + 1) for each in parts[:100])
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray:
        return bool(thing.dtype == object) and depth < 2 and any(is_library_object(each, depth + 1) for each in thing.ravel()[:100])
    if kind in ENCODERS or isinstance(thing, (type, *_CLOSED_KINDS)) or callable(thing) or plain_base(thing) is not None:
        return False
    module = kind.__module__.partition(".")[0]
    return module not in {"builtins", "__main__", "autograder", "_io", "re"} and not any(family(thing) for family in FAMILIES)


def library_tree(thing: Any, reference_tree: Any) -> list[Any] | None:
    """Return the tree that names a library's object beside a reference to it; None if it is no library's."""
    if isinstance(thing, types.ModuleType):
        return ["own", thing.__name__, "", reference_tree(thing)]
    numpy = sys.modules.get("numpy")
    place = ("numpy", thing.__name__) if numpy is not None and isinstance(thing, numpy.ufunc) else library_place(thing)
    return None if place is None else ["own", *place, reference_tree(thing)]


def claimed_class(told: About, trusted: dict[str, Any]) -> type | None:
    """Return the class of this process that a learner's object says it is of; never a type of plain data, for those come as values.

    Args:
        trusted: the instructor's classes.
    """
    if told.kind == "class":
        return abc.ABCMeta if "abc:ABC" in told.ancestors else type
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
