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
from itertools import zip_longest

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
_NUMPYS = frozenset(
    {
        *(
            "abs",
            "absolute",
            "all",
            "allclose",
            "any",
            "arange",
            "arccos",
            "arcsin",
            "arctan",
            "arctan2",
            "argmax",
            "argmin",
            "argsort",
            "around",
        ),
        *(
            "array",
            "asarray",
            "ceil",
            "clip",
            "concatenate",
            "cos",
            "cosh",
            "cross",
            "cumprod",
            "cumsum",
            "deg2rad",
            "diff",
            "dot",
            "e",
            "exp",
            "eye",
        ),
        *(
            "float64",
            "floor",
            "full",
            "gcd",
            "hypot",
            "identity",
            "inf",
            "inner",
            "int64",
            "isclose",
            "isfinite",
            "isinf",
            "isnan",
            "linspace",
        ),
        *(
            "log",
            "log10",
            "log1p",
            "log2",
            "matmul",
            "max",
            "maximum",
            "mean",
            "median",
            "min",
            "minimum",
            "mod",
            "nan",
            "ones",
            "outer",
            "pi",
            "power",
        ),
        *(
            "prod",
            "rad2deg",
            "round",
            "sign",
            "sin",
            "sinh",
            "sort",
            "sqrt",
            "square",
            "std",
            "sum",
            "tan",
            "tanh",
            "trapz",
            "unique",
            "var",
            "where",
        ),
        *("zeros",),
    }
)
Place = tuple[str, str]
"""A global name, and the attribute of it that is read at once; empty if none is."""
_texts: dict[types.CodeType, frozenset[Place] | None] = {}
_MOST_TEXTS = 1000


def is_closed(thing: object) -> bool:
    """Whether calling `thing` with immutable arguments leaves no trace."""
    return _is_closed(thing, set())


def built_in_names(thing: object) -> frozenset[str] | None:
    """Return the names of Python's own functions that are all a function reaches from outside; None if it reaches anything else or may leave a trace."""
    if type(thing) is not types.FunctionType or thing.__closure__ or vars(thing):
        return None
    names = _outer_names(thing.__code__)
    if names is None or not all(map(is_immutable, (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()))):
        return None
    found = frozenset(name for name, _ in names)
    return found if all(name in _ORIGINALS and vars(builtins).get(name) is _ORIGINALS[name] for name in found) else None


def _is_closed(thing: object, seen: set[int]) -> bool:
    if id(thing) in seen:
        return True
    if type(thing) is not types.FunctionType or thing.__closure__ or vars(thing):
        return False
    seen.add(id(thing))
    defaults = (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values())
    names = _outer_names(thing.__code__)
    return names is not None and all(map(is_immutable, defaults)) and all(_is_harmless(name, thing.__globals__, seen) for name in names)


def _is_harmless(place: Place, names: dict[str, object], seen: set[int]) -> bool:
    name, attribute = place
    if name not in names:
        found = vars(builtins).get(name)
        return found is _ORIGINALS.get(name, names) or (isinstance(found, type) and issubclass(found, BaseException))
    found = names[name]
    if isinstance(found, types.ModuleType):
        return found.__name__ in _MODULES or (found.__name__ == "numpy" and attribute in _NUMPYS)
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


def _outer_names(code: types.CodeType) -> frozenset[Place] | None:
    """Return the global names that a code reads, None if it does anything that may leave a trace."""
    if code not in _texts:
        if len(_texts) > _MOST_TEXTS:
            _texts.clear()
        _texts[code] = _read(code, is_inner=False)
    return _texts[code]


def _read(code: types.CodeType, *, is_inner: bool) -> frozenset[Place] | None:
    found: set[Place] = set()
    instructions = [each for each in dis.get_instructions(code) if each.opname not in {"CACHE", "EXTENDED_ARG"}]
    for each, following in zip_longest(instructions, instructions[1:]):
        if each.opname in _TRACING and not (is_inner and each.opname in _GENERATING):
            return None
        if each.opname in {"LOAD_ATTR", "LOAD_METHOD"} and str(each.argval).startswith("__"):
            return None
        if each.opname == "LOAD_GLOBAL":
            is_read = following is not None and following.opname in {"LOAD_ATTR", "LOAD_METHOD"}
            found.add((str(each.argval), str(following.argval) if is_read else ""))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _read(constant, is_inner=True)
            if inner is None:
                return None
            found |= inner
    return frozenset(found)
