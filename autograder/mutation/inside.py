"""Runs inside a locked-in kernel: records with which arguments a function is called, varies them, and says whether a changed function gives another outcome.

Its text is sent to the kernel as it is, so it imports nothing of ours. An outcome is what a call returns or raises, prints, and makes of its arguments;
numbers are compared to nine digits, plots by their pixels. What cannot be described counts as different: a mutant is never excused by a guess.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
import hashlib
import io
import json
import pickle
import random
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_MOST_RECORDED, _DEEPEST, _MOST_DRAWN, _LOOKED_AT_TWICE = 25, 12, 1000, 3
_LARGE_TABLE, _FEW_ROWS = 100, 40
_STANDSTILL_S = 10.0
"""How long a call may wait, for a busy machine or for nothing, beyond its processor time."""
Call = tuple[tuple[Any, ...], dict[str, Any]]


class IndescribableError(Exception):
    """A value of which nothing can be said that two processes would say alike."""


class _TooLongError(BaseException):
    """A call took longer than it may."""


def describe(value: Any, depth: int = 0) -> str:
    """Return a text that equal values share, and values that differ do not.

    Raises:
        IndescribableError: there is none.
    """
    if depth > _DEEPEST:
        raise IndescribableError("nested too deeply")
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if value is None or kind in {bool, int, str, bytes}:
        return f"{name}:{value!r}"
    if isinstance(value, float):
        return f"{name}:{value + 0.0:.9g}"
    if isinstance(value, list | tuple | collections.deque):
        return f"{name}[{','.join(describe(each, depth + 1) for each in value)}]"
    if isinstance(value, set | frozenset):
        return f"{name}{{{','.join(sorted(describe(each, depth + 1) for each in value))}}}"
    if isinstance(value, dict):
        pairs = (f"{describe(key, depth + 1)}={describe(each, depth + 1)}" for key, each in value.items())
        return f"{name}{{{','.join(pairs)}}}"
    found = _of_libraries(value, name, depth)
    return found if found is not None else _of_objects(value, name, depth)


def _of_libraries(value: Any, name: str, depth: int) -> str | None:
    """Return the description of an array, a table, a plot; None for anything else."""
    root = name.partition(".")[0]
    if root == "numpy" and hasattr(value, "dtype") and hasattr(value, "tolist"):
        return f"{name}:{value.dtype}:{value.shape}:{describe(value.tolist(), depth + 1)}"
    if root == "pandas":
        return _of_pandas(value, name, depth)
    if root == "matplotlib":
        figure = getattr(value, "figure", None) or getattr(value, "get_figure", lambda: None)()
        return None if figure is None else f"{name}:{_pixels(figure)}"
    return None


def _of_pandas(value: Any, name: str, depth: int) -> str | None:
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        columns = [value.iloc[:, place] for place in range(value.shape[1])]
        parts = [value.columns.tolist(), value.columns.names, [_of_pandas(each, "column", depth) for each in columns]]
        return f"{name}:{describe(parts, depth + 1)}:{_of_pandas(value.index, 'index', depth)}"
    if hasattr(value, "index") and hasattr(value, "dtype"):
        values = value.astype(object).tolist()
        return f"{name}:{value.dtype}:{value.name!r}:{describe(values, depth + 1)}:{_of_pandas(value.index, 'index', depth)}"
    if hasattr(value, "names") and hasattr(value, "tolist"):
        return f"{name}:{value.dtype}:{describe(list(value.names), depth + 1)}:{describe(value.tolist(), depth + 1)}"
    text = repr(value)
    return f"{name}:{text}" if " at 0x" not in text else None


def _pixels(figure: Any) -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return hashlib.sha256(bytes(canvas.buffer_rgba())).hexdigest()


def _of_objects(value: Any, name: str, depth: int) -> str:
    if isinstance(value, types.FunctionType):
        code, inner = value.__code__, [each for each in value.__code__.co_consts if not isinstance(each, types.CodeType)]
        return f"{name}:{value.__qualname__}:{code.co_code.hex()}:{inner!r}:{code.co_names}:{describe(value.__defaults__, depth + 1)}"
    if isinstance(value, types.ModuleType | type | types.BuiltinFunctionType):
        return f"{name}:{getattr(value, '__qualname__', value.__name__)}"
    if isinstance(value, Iterator):
        drawn = [each for each, _ in zip(value, range(_MOST_DRAWN), strict=False)]
        return f"{name}:{describe(drawn, depth + 1)}"
    text = repr(value)
    if " at 0x" not in text:
        return f"{name}:{text}"
    if getattr(value, "__dict__", None):
        return f"{name}:{describe(dict(vars(value)), depth + 1)}"
    raise IndescribableError(name)


def record(namespace: dict[str, Any], name: str, calls: list[Call]) -> None:
    """Put in the place of the function `name` one that does the same and notes copies of its arguments in `calls`."""
    function = namespace.get(name)
    if not isinstance(function, types.FunctionType):
        return

    @functools.wraps(function)
    def noting(*arguments: Any, **named: Any) -> Any:
        if len(calls) < _MOST_RECORDED:
            with contextlib.suppress(Exception):
                calls.append(copy.deepcopy((arguments, named)))
        return function(*arguments, **named)

    namespace[name] = noting


def outcome(function: Callable[..., Any], call: Call, seconds: float) -> str:
    """Return a digest of what a call gives; "too long" if it takes longer than that.

    Args:
        seconds: of processor time.

    Raises:
        IndescribableError: that cannot be said.
    """
    arguments, named = copy.deepcopy(call)
    before = _packed((arguments, named))
    random.seed(1)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(1)
    said, given = io.StringIO(), ""
    try:
        with _within(seconds), contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            given = "returned " + describe(function(*arguments, **named))
    except _TooLongError:
        return "too long"
    except IndescribableError:
        raise
    except BaseException as raised:  # noqa: BLE001 - whatever a changed function raises is its outcome
        given = f"raised {type(raised).__qualname__}"
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    is_unchanged = before is not None and before == _packed((arguments, named))
    left = "as they were" if is_unchanged else describe([list(arguments), named])
    return hashlib.sha256("\0".join((given, said.getvalue(), left)).encode("utf-8", "replace")).hexdigest()


def _packed(value: object) -> bytes | None:
    """Return a value's bytes, None if it has none: a quick way to see that nothing was changed. Nothing is ever unpacked."""
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - whatever a value's own methods raise
        return None


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Stop what uses more processor time than that, so that a busy machine stops nothing; and what sleeps for ever, a while later."""

    def stop(*_: object) -> None:
        raise _TooLongError

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, seconds + _STANDSTILL_S))
    before = [signal.signal(number, stop) for _, number, _ in timers]
    for timer, _, first in timers:
        signal.setitimer(timer, first, seconds)
    try:
        yield
    finally:
        for timer, _, _ in timers:
            signal.setitimer(timer, 0)
        for (_, number, _), handler in zip(timers, before, strict=True):
            signal.signal(number, handler)


def varied(calls: list[Call], count: int, seed: int) -> Iterator[Call]:
    """Yield the recorded calls, then `count` of them with an argument or two changed a little, the same ones every time."""
    yield from calls
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(count if calls else 0):
        arguments, named = copy.deepcopy(chance.choice(calls))
        parts: list[Any] = [*arguments, *named.values()]
        pool = [each for part in parts for each in _scalars(part)]
        for _ in range(chance.choice((1, 1, 2))):
            if parts:
                place = chance.randrange(len(parts))
                with contextlib.suppress(Exception):  # a value that cannot be varied stays
                    parts[place] = changed(parts[place], chance, pool)
        yield tuple(parts[: len(arguments)]), dict(zip(named, parts[len(arguments) :], strict=True))


def changed(value: Any, chance: random.Random, pool: list[Any]) -> Any:
    """Return a value of the same kind that differs a little: a number by one, a text by a letter, a table by a row.

    Args:
        pool: numbers and texts that occur in the call: a boundary is found by them.
    """
    alike = [each for each in pool if type(each) is type(value)]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return chance.choice([value + 1, value - 1, -value, value * 2, type(value)(0), *alike[:20]])
    if isinstance(value, str):
        other = ["", value.upper(), value.lower(), value + " ", " " + value, value[1:], value[:-1], value * 2, "".join(sorted(value))]
        lines = value.splitlines(keepends=True)
        if len(lines) > 1:
            other += ["".join(_shuffled(lines, chance)), "".join(lines[:-1]), "".join([*lines, lines[-1]])]
        return chance.choice([*other, *alike[:20]])
    if isinstance(value, list | tuple):
        return type(value)(_changed_items(list(value), chance, pool))
    if isinstance(value, dict):
        return dict(_shuffled(list(value.items()), chance)[1:]) if chance.random() < 0.5 else _with_changed_value(value, chance, pool)
    root = type(value).__module__.partition(".")[0]
    if root == "pandas":
        return _changed_table(value, chance)
    if root == "numpy" and getattr(value, "ndim", 0) > 0:
        return type(value)(value.shape, value.dtype) if not len(value) else _changed_array(value, chance)
    return value


def _scalars(value: Any) -> list[Any]:
    if isinstance(value, int | float | str):
        return [value]
    if isinstance(value, list | tuple):
        return [each for part in value[:20] for each in _scalars(part)]
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "head"):
        head = value.head(8)
        rows = head.itertuples(index=False) if hasattr(value, "columns") else [head.tolist()]
        return [getattr(each, "item", lambda each=each: each)() for row in rows for each in row if isinstance(each, int | float | str)]
    return []


def _shuffled(items: list[Any], chance: random.Random) -> list[Any]:
    return chance.sample(items, len(items))


def _changed_items(items: list[Any], chance: random.Random, pool: list[Any]) -> list[Any]:
    if not items:
        return items
    place = chance.randrange(len(items))
    way = chance.randrange(7)
    if way == 0:
        return _shuffled(items, chance)
    if way == 1:
        return [*items[:place], *items[place + 1 :]]
    if way == 2:
        return [*items, items[place]]
    if way == 3:
        return items[:1] if chance.random() < 0.5 else []
    items[place] = items[chance.randrange(len(items))] if way == 4 else changed(items[place], chance, pool)
    return items


def _with_changed_value(value: Mapping[Any, Any], chance: random.Random, pool: list[Any]) -> dict[Any, Any]:
    found = dict(value)
    if found:
        key = chance.choice(list(found))
        found[key] = changed(found[key], chance, pool)
    return found


def _changed_table(value: Any, chance: random.Random) -> Any:
    """Return a table or a column with rows shuffled, doubled, left out, or with a value missing or taken from another row; of a large one some rows."""
    size = len(value)
    if not size or not hasattr(value, "iloc"):
        return value
    if size > _LARGE_TABLE:
        value, size = value.iloc[sorted(chance.sample(range(size), _FEW_ROWS))], _FEW_ROWS
    way = chance.randrange(7)
    order = list(range(size))
    if way == 0:
        return value.iloc[_shuffled(order, chance)]
    if way == 1:
        return value.iloc[[*order, chance.choice(order)]]
    if way == 2:
        return value.iloc[sorted(chance.sample(order, max(1, size - chance.randint(1, max(1, size // 2)))))]
    if way == 3:
        return value.iloc[: chance.choice((0, 1, 2))]
    found, row = value.copy(), chance.randrange(size)
    place: Any = row if found.ndim == 1 else (row, chance.randrange(max(1, found.shape[1])))
    other: Any = chance.randrange(size) if found.ndim == 1 else (chance.randrange(size), place[1])
    found.iloc[place] = None if way == 4 else found.iloc[other] if way == 5 else changed(found.iloc[place], chance, [])
    return found


def _changed_array(value: Any, chance: random.Random) -> Any:
    found, way = value.copy(), chance.randrange(4)
    order = list(range(len(found)))
    if way == 0:
        return found[_shuffled(order, chance)]
    if way == 1:
        return found[[*order, chance.choice(order)]]
    if way == 2:
        return found[: max(1, len(order) - 1)]
    found[chance.choice(order)] = found[chance.choice(order)] if chance.random() < 0.5 else 0
    return found


def told_apart(
    namespace: dict[str, Any], name: str, texts: Mapping[str, str], calls: list[Call], *, count: int, seconds: float, seed: int
) -> dict[str, tuple[int, bool]]:
    """Return of each changed text how many calls were compared, and whether one had another outcome; without any it stops early.

    Args:
        namespace: the notebook's names; each text is run in a copy.
        texts: the changed cells by a name; the reference's own has the name "".
        seconds: half of the processor time that each may take in all.
    """
    own = _function(namespace, name, texts[""])
    if own is None:
        return {}
    inputs: list[tuple[Call, str, float]] = []
    ends = time.process_time() + 2 * seconds
    for call in varied(calls, count, seed):
        began = time.process_time()
        if began > ends:
            break
        with contextlib.suppress(IndescribableError):
            first = outcome(own, call, seconds)
            took = time.process_time() - began
            draws = len(inputs) < _LOOKED_AT_TWICE and outcome(own, call, seconds) != first
            if first != "too long" and not draws:
                inputs.append((call, first, took))
    return {key: _differs(_function(namespace, name, text), inputs, seconds) for key, text in texts.items() if key}


def _differs(function: Callable[..., Any] | None, inputs: list[tuple[Call, str, float]], seconds: float) -> tuple[int, bool]:
    if function is None:
        return 0, True
    tried, ends = 0, time.process_time() + 2 * seconds
    for call, expected, took in inputs:
        if time.process_time() > ends:
            break
        tried += 1
        try:
            if outcome(function, call, 0.5 + 10 * took) != expected:
                return tried, True
        except IndescribableError:
            return tried, True
    return tried, False


def _function(namespace: dict[str, Any], name: str, text: str) -> Callable[..., Any] | None:
    """Return the function `name` of a cell's text, run in a copy of the names."""
    own = dict(namespace)
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "<cell>", "exec"), own)  # noqa: S102 - in the kernel, where notebooks run
        found = own.get(name)
        return found if callable(found) else None
    return None


def values_of(namespace: dict[str, Any], names: list[str]) -> dict[str, str]:
    """Return a digest of each value, "" for what cannot be described and None's text for what is not there."""
    found = {}
    for name in names:
        try:
            told = describe(namespace[name]) if name in namespace else "absent"
            found[name] = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
        except Exception:  # noqa: BLE001 - whatever a value's own methods raise
            found[name] = ""
    return found


def tell(value: object) -> None:
    """Print the answer for the grader, on a line of its own."""
    print("\n" + json.dumps(value))  # noqa: T201
