"""Warnings and log records of the learner's code, where a test looks for them: collected there, and said again where the tests run.

Rules:
1. They are collected only in cells whose text speaks of warnings or logging; in all others they are printed, as ever.
2. Which of them count is said by the filters and levels of the tests; what the learner's code has silenced itself stays silent.
"""

from __future__ import annotations

import builtins
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograder.sealed.codec import expect
from autograder.sealed.wire import Tree, WireError

WARNING, RECORD = 3, 4
"""What stands in the place of a stream's number."""
_MOST, _LONGEST = 1000, 10_000
_LISTENS = re.compile(r"\b(warnings|warns|assertWarns\w*|assertLogs|assertNoLogs|logging)\b")
_WHERE = "<the learner's code>"


def is_looked_for(source: str) -> bool:
    """Whether a test speaks of warnings or logging."""
    return _LISTENS.search(source) is not None


@contextmanager
def collected(kept: list[list[Any]]) -> Iterator[None]:
    """Put warnings and log records into `kept`, as `[3, family, text, line]` and `[4, logger, level, text]`."""
    enabled, call = logging.Logger.isEnabledFor, logging.Logger.callHandlers

    def keep_warning(message: Any, category: type, filename: str, line: int, *_: Any) -> None:  # noqa: ARG001 - Python's own protocol
        if len(kept) < _MOST:
            family = [f"{each.__module__}:{each.__qualname__}" for each in type.mro(category)]
            kept.append([WARNING, family, str(message)[:_LONGEST], int(line)])

    def is_enabled(logger: logging.Logger, level: int) -> bool:
        return enabled(logger, level) or logger.name.partition(".")[0] not in sys.modules or logger.name == "__main__"

    def keep_record(logger: logging.Logger, record: logging.LogRecord) -> None:
        if len(kept) < _MOST:
            kept.append([RECORD, logger.name, int(record.levelno), record.getMessage()[:_LONGEST]])
        if logger.hasHandlers() and enabled(logger, record.levelno):
            call(logger, record)

    with warnings.catch_warnings():
        warnings.simplefilter("always", append=True)
        warnings.showwarning = keep_warning  # type: ignore[assignment]  # `catch_warnings` puts the own one back
        setattr(logging.Logger, "isEnabledFor", is_enabled)  # noqa: B010 - mypy knows no methods that are replaced
        setattr(logging.Logger, "callHandlers", keep_record)  # noqa: B010
        try:
            yield
        finally:
            setattr(logging.Logger, "isEnabledFor", enabled)  # noqa: B010
            setattr(logging.Logger, "callHandlers", call)  # noqa: B010


def say_again(report: list[Tree]) -> None:
    """Warn or log here what the learner's code did there; a warning is raised where the test's filters say so.

    Raises:
        WireError: the report is malformed.
    """
    if len(report) != 4:
        raise WireError("a report is malformed")
    if report[0] == WARNING:
        family = [expect(each, str) for each in expect(report[1], list)[:50]]
        warnings.warn_explicit(expect(report[2], str), _category(family), _WHERE, expect(report[3], int), "__main__", {})
        return
    logger, level = logging.getLogger(expect(report[1], str)[:200]), expect(report[2], int)
    if logger.isEnabledFor(level):
        logger.handle(logger.makeRecord(logger.name, level, _WHERE, 0, expect(report[3], str), (), None))


def _category(family: list[str]) -> type[Warning]:
    for each in family:
        module, _, name = each.partition(":")
        found = vars(sys.modules[module]).get(name) if module in sys.modules and module != "__main__" else None
        found = vars(builtins).get(name) if module == "builtins" else found
        if isinstance(found, type) and issubclass(found, Warning):
            return found
    return UserWarning
