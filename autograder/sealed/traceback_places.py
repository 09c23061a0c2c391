"""Where in the learner's own cells a test failed that ran in one process with them, read from the traceback that IPython printed there.

The rules are those of `autograder.sealed.own_trace`: from the text only places are taken, a cell's number and a line's, and what is shown are lines of what the
learner handed in. A traceback that they forged, which in one process they can, shows them lines of their own and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from autograder.sealed.own_trace import described

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"\bCell In ?\[(\d{1,9})\], line (\d{1,9})\b")
_FIRST, _LAST = 3, 7
"""How many frames are told: the outermost and the innermost."""
_LONGEST = 200_000


def cells_by_number(cells: Iterable[Any]) -> dict[str, str]:
    """Return the texts of the cells that are the learner's to write, by the number under which each of them ran."""
    return {
        str(cell.execution_count): str(cell.source)
        for cell in cells
        if cell.cell_type == "code" and type(cell.get("execution_count")) is int and _is_the_learners(cell.metadata.get("nbgrader", {}))
    }


def _is_the_learners(about: Mapping[str, Any]) -> bool:
    return bool(about.get("solution")) or not (about.get("grade") or about.get("locked"))


def trace_in_one_process(outputs: Iterable[Any], by_number: Mapping[str, str]) -> str:
    """Return where the learner's code raised the first error among `outputs`, in words; empty if it did not.

    Args:
        by_number: see `cells_by_number`.
    """
    error = next((output for output in outputs if output.output_type == "error"), None)
    text = _COLOURS.sub("", "\n".join(map(str, error.get("traceback", ()))))[:_LONGEST] if error is not None else ""
    places = [(number, int(line)) for number, line in _PLACE.findall(text) if number in by_number]
    gap = [("", 0)]
    return described(places if len(places) <= _FIRST + _LAST else [*places[:_FIRST], *gap, *places[-_LAST:]], by_number)
