"""Where in the learner's own cells an exception was raised, for the learner's feedback.

Rules:
1. From the learner's side come places only: which cell (the name that the kernel gives its code) and which line. No text of theirs is believed.
2. What is shown are lines of what they handed in, looked up by who grades. A place that is in no cell of the learner's is left out, so no line of a test can
   stand there, whatever the learner's side says.
3. It is short, and has no character that would colour, hide or reverse anything.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ipykernel.compiler import get_tmp_hash_seed, murmur2_x86

from autograder.sealed.codec import expect
from autograder.sealed.policy import parsed
from autograder.sealed.wire import Tree, WireError
from courses.visible_text import visible

Place = tuple[str, int]
"""The name of a cell's code, and a line of it from 1."""
_FIRST, _LAST = 3, 7
"""How many frames are told: the outermost and the innermost."""
_GAP: Place = ("", 0)
_LONGEST_NAME, _LONGEST_LINE, _DEEPEST, _MOST_FRAMES = 40, 160, 5, 10_000


def places_of(raised: BaseException) -> list[Tree]:
    """Return the places of a traceback that lie in the cells of a notebook, outermost first; of many the first and the last."""
    found: list[Tree] = []
    step, count = raised.__traceback__, 0
    while step is not None and count < _MOST_FRAMES:
        name = step.tb_frame.f_code.co_filename
        if "ipykernel_" in name and step.tb_lineno:
            found.append([PurePath(name).stem[:_LONGEST_NAME], step.tb_lineno])
        step, count = step.tb_next, count + 1
    return found if len(found) <= _FIRST + _LAST else [*found[:_FIRST], list(_GAP), *found[-_LAST:]]


def read_places(tree: Tree) -> tuple[Place, ...]:
    """Return the places that the learner's side tells.

    Raises:
        WireError: it is malformed.
    """
    told = expect(tree, list)
    if len(told) > _FIRST + _LAST + 1:
        raise WireError("a trace is too long")
    pairs = [expect(each, list) for each in told]
    if any(len(pair) != 2 for pair in pairs):
        raise WireError("a trace is malformed")
    return tuple((expect(name, str)[:_LONGEST_NAME], expect(line, int)) for name, line in pairs)


def own_trace(raised: BaseException | None, cells: Sequence[str]) -> str:
    """Return where the learner's code raised what ended a test, in words; empty if it did not.

    Args:
        cells: the texts of the learner's cells, as they were handed in.
    """
    places = _told(raised)
    return described(places, {str(murmur2_x86(text, get_tmp_hash_seed())): text for text in cells} if places else {})


def described(places: Sequence[Place], texts: Mapping[str, str]) -> str:
    """Return places in words, with their lines; empty if none of them is in a cell of the learner's.

    Args:
        texts: the learner's cells as they were handed in, by the names that places give them.
    """
    lines: list[str] = []
    for (name, line), before in zip(places, [None, *places], strict=False):
        if (name, line) == before:  # a function that calls itself
            continue
        if (name, line) == _GAP:
            lines += ["  ..."] if lines else []
        elif name in texts:
            lines += _shown(texts[name], line)
    return "\n".join(["Where your code raised it:", *lines]) if lines else ""


def _told(raised: BaseException | None) -> tuple[Place, ...]:
    """Return the places of the first exception of the learner's among `raised`, its cause and what it was raised in the handling of."""
    for _ in range(_DEEPEST):
        if raised is None:
            break
        told: Any = vars(raised).get("__sealed_trace__")
        if told:
            return tuple(told)
        raised = raised.__cause__ or (None if raised.__suppress_context__ else raised.__context__)
    return ()


def _shown(text: str, line: int) -> list[str]:
    """Return a line of a cell in words; nothing if the cell has no such line."""
    rows = text.splitlines()
    empty = next((place for place, row in enumerate(rows) if row.strip()), 0)  # IPython takes empty lines at the beginning away
    place = line + empty
    if not 1 <= place <= len(rows):
        return []
    function = _function_at(text, place)
    where = f"  line {place} of the cell" + (f", in {visible(function)}" if function else "")
    row = visible(rows[place - 1].strip().replace("\t", " "))
    return [where, f"    {row if len(row) <= _LONGEST_LINE else f'{row[: _LONGEST_LINE - 3]}...'}"]


def _function_at(text: str, line: int) -> str:
    """Return the name of the innermost function that has the line; empty outside functions."""
    inside = [
        node
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(inside, key=lambda node: node.lineno).name[:_LONGEST_LINE] if inside else ""
