"""Lets `inspect` answer for the learner's functions and classes: source and parameters from what they handed in, the rest from their process."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from autograder.sealed.examiner import Examiner
from autograder.sealed.references import is_reference
from autograder.sealed.type_hints import teach_get_type_hints


def teach_inspect(examiner: Examiner) -> None:
    """Make `inspect` know references, for good."""
    _replace("getsource", lambda thing: source_of(examiner, thing))
    _replace("getsourcelines", lambda thing: (source_of(examiner, thing).splitlines(keepends=True), 1))
    _replace("signature", lambda thing, **_: signature_of(examiner, thing))
    _replace("getdoc", lambda thing: inspect.cleandoc(str(thing.__doc__)) if thing.__doc__ is not None else None)
    for name in (
        "isgeneratorfunction",
        "iscoroutinefunction",
        "isasyncgenfunction",
        "isabstract",
        "ismethod",
        "isfunction",
        "isbuiltin",
        "isroutine",
    ):
        _replace(name, functools.partial(_told, examiner, name))
    _replace("getmembers", lambda thing, predicate=None: _members(thing, predicate))
    teach_get_type_hints(lambda thing: examiner.request("type hints", thing), is_reference)
    own = inspect.getfullargspec

    def getfullargspec(thing: Any) -> Any:
        if not is_reference(thing):
            return own(thing)

        def stand_in() -> None:
            """Carries the signature."""

        stand_in.__signature__ = signature_of(examiner, thing)  # type: ignore[attr-defined]
        return own(stand_in)

    inspect.getfullargspec = getfullargspec  # type: ignore[assignment]


def _replace(name: str, answer: Callable[..., Any]) -> None:
    own = getattr(inspect, name)

    @functools.wraps(own)
    def either(thing: Any, *arguments: Any, **named: Any) -> Any:
        return answer(thing, *arguments, **named) if is_reference(thing) else own(thing, *arguments, **named)

    setattr(inspect, name, either)


def _told(examiner: Examiner, name: str, thing: Any) -> bool:
    return examiner.request("inspect", name, thing) is True


def _members(thing: Any, predicate: Any) -> list[tuple[str, Any]]:
    found = [(name, getattr(thing, name)) for name in sorted(dir(thing)) if hasattr(thing, name)]
    return [pair for pair in found if predicate is None or predicate(pair[1])]


def path_of(examiner: Examiner, thing: Any) -> str:
    """Return under which name a function or class was handed in: the one that a test looked it up by, else what it calls itself."""
    known = examiner.name_of(thing)
    return known if known is not None else str(thing.__qualname__)


def source_of(examiner: Examiner, thing: Any) -> str:
    """Return the source as it was handed in.

    Raises:
        OSError: there is none.
    """
    try:
        return examiner.submission.source(path_of(examiner, thing))
    except OSError:
        told = str(thing.__qualname__)
        return examiner.submission.source(told)


def signature_of(examiner: Examiner, thing: Any) -> inspect.Signature:
    """Return the signature: names and kinds as handed in where the function has no decorators."""
    told = examiner.request("signature", thing)
    parameters = [
        inspect.Parameter(
            name,
            inspect._ParameterKind(kind),
            default=default if has_default else inspect.Parameter.empty,
            annotation=note if has_note else inspect.Parameter.empty,
        )
        for name, kind, has_default, default, has_note, note in told[0]
    ]
    written = examiner.submission.parameters(path_of(examiner, thing)) if thing._sealed_about.kind == "function" else None
    if written is not None and written != [(each.name, int(each.kind)) for each in parameters] and not _is_bound(written, parameters):
        raise ValueError("the function's signature is not what was handed in")
    return inspect.Signature(parameters, return_annotation=told[2] if told[1] else inspect.Signature.empty)


def _is_bound(written: list[tuple[str, int]], parameters: list[inspect.Parameter]) -> bool:
    return written[1:] == [(each.name, int(each.kind)) for each in parameters]
