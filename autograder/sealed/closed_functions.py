"""Tells functions that cannot leave a trace, whatever they are called with: pure by what their code can reach. The learner's side of calls ahead.

A function is *closed* if all that it reaches from outside is immutable, a function that is closed too, or one of the functions of Python's own listed here. What
else it works on it has made itself, in that very call. The look is careful, not clever: where it cannot tell, the function is not closed. It is for honest
notebooks; one that deceives it has its own functions called more often than the test calls them, which it could do itself.
"""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterable

_TRACING = frozenset(
    {
        *("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME", "LOAD_NAME", "LOAD_CLASSDEREF", "LOAD_BUILD_CLASS"),
        *("IMPORT_NAME", "IMPORT_FROM", "IMPORT_STAR", "STORE_ATTR", "DELETE_ATTR", "LOAD_LOCALS", "SETUP_ANNOTATIONS"),
        *("YIELD_VALUE", "GET_AWAITABLE", "SEND", "ASYNC_GEN_WRAP"),
    }
)
_GENERATING = frozenset({"YIELD_VALUE", "ASYNC_GEN_WRAP"})
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, range, slice, type(...)})
_MODULES = frozenset({"math", "cmath"})
_FUNCTIONS = frozenset(
    {
        *("abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "filter"),
        *("float", "format", "frozenset", "hex", "int", "isinstance", "iter", "len", "list", "map", "max", "min", "next", "oct", "ord"),
        *("pow", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip"),
    }
)
_ORIGINALS = {name: vars(builtins)[name] for name in _FUNCTIONS}
_texts: dict[types.CodeType, frozenset[str] | None] = {}
_MOST_TEXTS = 1000


def is_closed(thing: object) -> bool:
    """Whether calling `thing` with immutable arguments leaves no trace."""
    return _is_closed(thing, set())


def _is_closed(thing: object, seen: set[int]) -> bool:
    if id(thing) in seen:
        return True
    if type(thing) is not types.FunctionType or thing.__closure__ or vars(thing):
        return False
    seen.add(id(thing))
    defaults = (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values())
    names = _outer_names(thing.__code__)
    return names is not None and all(map(is_immutable, defaults)) and all(_is_harmless(name, thing.__globals__, seen) for name in names)


def _is_harmless(name: str, names: dict[str, object], seen: set[int]) -> bool:
    if name not in names:
        found = vars(builtins).get(name)
        return found is _ORIGINALS.get(name, names) or (isinstance(found, type) and issubclass(found, BaseException))
    found = names[name]
    if isinstance(found, types.ModuleType):
        return found.__name__ in _MODULES
    if type(found) is types.BuiltinFunctionType:
        return found.__module__ in _MODULES or any(found is each for each in _ORIGINALS.values())
    return is_immutable(found) or _is_closed(found, seen)


def is_immutable(thing: object) -> bool:
    """Whether a value can neither change nor reach what can."""
    if type(thing) in {tuple, frozenset}:
        parts: Iterable[object] = thing  # type: ignore[assignment]
        return all(map(is_immutable, parts))
    return type(thing) in _PLAIN or _is_numpy_scalar(type(thing))


def _is_numpy_scalar(kind: type) -> bool:
    return kind.__module__ == "numpy" and any(
        each.__name__ in {"number", "bool", "bool_"} and each.__module__ == "numpy" for each in kind.__mro__
    )


def _outer_names(code: types.CodeType) -> frozenset[str] | None:
    """Return the global names that a code reads, None if it does anything that may leave a trace."""
    if code not in _texts:
        if len(_texts) > _MOST_TEXTS:
            _texts.clear()
        _texts[code] = _read(code, is_inner=False)
    return _texts[code]


def _read(code: types.CodeType, *, is_inner: bool) -> frozenset[str] | None:
    found: set[str] = set()
    for each in dis.get_instructions(code):
        if each.opname in _TRACING and not (is_inner and each.opname in _GENERATING):
            return None
        if each.opname in {"LOAD_ATTR", "LOAD_METHOD"} and str(each.argval).startswith("__"):
            return None
        if each.opname == "LOAD_GLOBAL":
            found.add(str(each.argval))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _read(constant, is_inner=True)
            if inner is None:
                return None
            found |= inner
    return frozenset(found)
