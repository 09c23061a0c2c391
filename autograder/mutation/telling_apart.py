"""Looks whether a surviving mutant behaves otherwise than the reference at all: an equivalent mutant is no fault of a test.

A mutant within a function is called, beside the reference, with the arguments that tests and notebook called the function with, and with small variations of
them; a mutant of other statements has to give every name that its cell defines the same value. All that runs in a kernel of its own, locked in.
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.execution.fork_server import ForkServer, KernelDiedError, KernelStuckError
from autograder.execution.forked import KERNEL_ENVIRONMENT
from autograder.execution.kernel import Kernel
from autograder.execution.limiting import Budget
from autograder.jobs import Limits
from autograder.mutation import inside
from autograder.mutation.edits import CodeText, without_magics
from autograder.mutation.mutants import Mutant
from autograder.mutation.running import QUICK_PICTURES, Frame

VARIATIONS = 60
FEWEST_INPUTS = 20
"""With fewer inputs nothing is said of a mutant."""
_SECONDS = 3.0
_OWN = "_patunay_mutation"
_SEND = f"import types as _t; {_OWN} = _t.ModuleType('{_OWN}'); exec(compile({{text!r}}, '<patunay>', 'exec'), {_OWN}.__dict__); {_OWN}.calls = []"


@dataclass(frozen=True, slots=True)
class Suspects:
    """Mutants of one answer cell that survived."""

    frame: Frame
    place: int
    """Of the answer cell."""
    tests: tuple[int, ...]
    """The places of the tests that cover it."""
    before: tuple[int, ...]
    """The places of the cells that are run before it."""
    mutants: tuple[Mutant, ...]
    limits: Limits


def find_equivalent(suspects: Suspects, server: ForkServer) -> dict[str, str]:
    """Return why mutants are taken for equivalent, by their ids; the others behave otherwise, or nothing can be said.

    Raises:
        SandboxMissingError: no kernel could be forked.
    """
    frame, place = suspects.frame, suspects.place
    code = CodeText(frame.cells[place].source)
    by_function: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in suspects.mutants:
        by_function[_function_at(code, mutant.line)].append(mutant)
    found: dict[str, str] = {}
    for name, mutants in by_function.items():
        if name:
            found |= _by_calls(suspects, name, mutants, server)
        else:
            found |= _by_values(suspects, mutants, server)
    return found


def _function_at(code: CodeText, line: int) -> str:
    """Return the function at the top of the cell that a line lies in, "" if in none."""
    for node in code.tree.body:
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            return node.name
    return ""


def _by_calls(suspects: Suspects, name: str, mutants: Sequence[Mutant], server: ForkServer) -> dict[str, str]:
    frame, place = suspects.frame, suspects.place
    text = frame.cells[place].source
    texts = {"": without_magics(text)} | {each.id: without_magics(each.source) for each in mutants}
    callers = [each for each in range(place + 1, len(frame.cells)) if each in suspects.tests or name in frame.names[each].reads]
    longest = suspects.limits.model_copy(
        update={"cell_timeout_s": 60.0, "cell_cpu_s": 60.0, "submission_timeout_s": 300.0, "submission_cpu_s": 300.0}
    )
    with server.start_kernel(frame.folder, longest, KERNEL_ENVIRONMENT, budget=Budget(longest)) as kernel:
        try:
            _prepare(kernel, suspects, text)
            _run(kernel, f"{_OWN}.record(globals(), {name!r}, {_OWN}.calls)")
            for caller in callers[:_MOST_CALLERS]:
                kernel.run_cell(frame.cells[caller].source)
            asked = f"{_OWN}.told_apart(globals(), {name!r}, {texts!r}, {_OWN}.calls, count={VARIATIONS}, seconds={_SECONDS}, seed=1)"
            told = _run(kernel, f"{_OWN}.tell({asked})")
        except (KernelDiedError, KernelStuckError):
            return {}
    return {
        key: f"probably equivalent: no input of {count} told it apart from the reference"
        for key, (count, differs) in (told or {}).items()
        if not differs and count >= FEWEST_INPUTS
    }


_MOST_CALLERS = 12


def _by_values(suspects: Suspects, mutants: Sequence[Mutant], server: ForkServer) -> dict[str, str]:
    cell = suspects.frame.cells[suspects.place]
    names = sorted(suspects.frame.names[suspects.place].writes)
    reference = _values(suspects, cell.source, names, server)
    if not reference or not all(reference.values()):
        return {}
    same = [each for each in mutants if _values(suspects, each.source, names, server) == reference]
    return {each.id: f"equivalent here: {', '.join(names)} get the same value" for each in same}


def _values(suspects: Suspects, text: str, names: list[str], server: ForkServer) -> dict[str, str]:
    limits = suspects.limits
    with server.start_kernel(suspects.frame.folder, limits, KERNEL_ENVIRONMENT, budget=Budget(limits)) as kernel:
        try:
            _prepare(kernel, suspects, text)
            return dict(_run(kernel, f"{_OWN}.tell({_OWN}.values_of(globals(), {names!r}))") or {})
        except (KernelDiedError, KernelStuckError):
            return {}


def _prepare(kernel: Kernel, suspects: Suspects, text: str) -> None:
    """Run the cells before, the answer cell's text, and what answers our questions."""
    kernel.run_cell(QUICK_PICTURES)
    for each in suspects.before:
        kernel.run_cell(suspects.frame.cells[each].source)
    kernel.run_cell(text)
    kernel.run_cell(_SEND.format(text=Path(inside.__file__).read_text(encoding="utf-8")))


def _run(kernel: Kernel, code: str) -> Any:
    """Run a line and return what it tells; None if nothing. Only the reference and its mutants run there: nobody gains by lying."""
    outputs = kernel.run_cell(code).outputs
    text = "".join(str(output.get("text", "")) for output in outputs if output.get("name") == "stdout")
    try:
        return json.loads(text.strip().rpartition("\n")[2]) if text.strip() else None
    except ValueError:
        return None
