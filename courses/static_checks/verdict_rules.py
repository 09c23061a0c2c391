"""The rules of a test cell: that it can fail, that nbgrader reads its result as it was meant, that it gives the same verdict every time.

The scoring traps are measured on nbgrader 0.9.6: a test cell without an error earns full marks, a last expression that is a number replaces the points, and anything
on stderr costs all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from courses.findings import Finding
from courses.notebook import CellKind
from courses.static_checks.assertions import AssertionSearch, hollow_assertions, swallowed_assertions
from courses.static_checks.places import Spot, cell_spot
from courses.static_checks.python_cells import PythonCell, PythonNotebook
from courses.static_checks.scores_in_code import is_true_or_false, last_line, misread_score, number_of, shows_nothing

_CLOCKS = frozenset(
    ("time.time", "time.time_ns", "time.perf_counter", "time.monotonic", "time.process_time", "time.localtime", "time.gmtime", "datetime.datetime.now",
     "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today")
)  # fmt: skip
_LOUD_LOGGING = frozenset(f"logging.{level}" for level in ("warning", "warn", "error", "critical", "exception", "fatal"))
_SILENCERS = frozenset({"redirect_stderr", "catch_warnings", "warns", "assertLogs", "assertWarns", "deprecated_call"})
_SHORT_VALUE = 3


def check_tests(code: PythonNotebook, assignment: str) -> Iterator[Finding]:
    """Yield what is wrong or doubtful in the test cells of a Python notebook."""
    answers = {name for cell in code.of_kind(CellKind.ANSWER, CellKind.MANUAL) for name in cell.names.binds}
    search = AssertionSearch(code, answers)
    for cell in code.of_kind(CellKind.TEST):
        if cell.tree is not None:
            spot = cell_spot(assignment, code.notebook, cell.cell)
            found = [*_scores(cell, code, spot), *_hollow(cell.tree, spot)]
            yield from found or _asserts_nothing(cell, search, spot)
            yield from _noise(cell.tree, code, spot)
            yield from _clocks(cell.tree, code, spot)
            yield from _told_values(cell, answers, spot)


def _asserts_nothing(cell: PythonCell, search: AssertionSearch, spot: Spot) -> Iterator[Finding]:
    """N05: what the last line displays could still be a score, unless it is known to be none."""
    if search.can_fail(cell):
        return
    shown = last_line(cell).values
    if not shown or all(shows_nothing(value) for value in shown):
        yield spot.blocking("N05", "the test asserts nothing, so every answer passes", "Write assert in front of what must hold.")
    elif any(search.is_answer(value) for value in shown):
        problem = "the test only shows what the answer returns: nbgrader takes that for the points"
        yield spot.blocking("N05", problem, "Write assert in front of what must hold.")


def _scores(cell: PythonCell, code: PythonNotebook, spot: Spot) -> Iterator[Finding]:
    """N06, N16, N17: the value of the last line."""
    values = last_line(cell).values
    if any(is_true_or_false(value) for value in values):
        yield spot.blocking(
            "N06", "the last line compares but does not assert: nbgrader gives full marks for it", "Write assert in front of it."
        )
        return
    misread = next((told for value in values if (told := misread_score(value, code))), None)
    if misread:
        remedy = "Let the last line be a plain number from 0 to the cell's points, such as float(points), or assert."
        yield spot.blocking("N16", f"the last line can be {misread}, and nbgrader gives full marks for that", remedy)
    points = cell.cell.points or 0
    above = next((number for value in values if (number := number_of(value)) is not None and number > points), None)
    if above is not None:
        problem = f"the last line can be {above:g}, more than the cell's {points:g} points: nbgrader then grades nothing of the submission"
        yield spot.blocking("N17", problem, "Give the cell that many points, or let the last line be smaller.")


def _hollow(tree: ast.Module, spot: Spot) -> Iterator[Finding]:
    """N14, N15: assertions that cannot fail, or whose failure is forgotten."""
    for assertion in hollow_assertions(tree):
        told = ast.unparse(assertion)
        problem = f"this assertion holds for every answer: {told if len(told) < 80 else told[:77] + '...'}"
        remedy = (
            'Write assert condition, "message" without brackets.'
            if isinstance(assertion.test, ast.Tuple)
            else "Assert what the answer must do."
        )
        yield spot.blocking("N14", problem, remedy)
    for _ in swallowed_assertions(tree):
        yield spot.blocking(
            "N15",
            "the test catches its own AssertionError and goes on, so every answer passes",
            "Let the assertion fail, or raise in the handler.",
        )


def _noise(tree: ast.Module, code: PythonNotebook, spot: Spot) -> Iterator[Finding]:
    """N18: whatever stands on stderr costs the points."""
    silenced = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any(_silences(item.context_expr) for item in node.items)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in silenced and (told := _writes_to_stderr(node, code)):
            problem = f"{told} writes to stderr, and nbgrader then gives the cell no points, however right the answer is"
            yield spot.warning("N18", problem, "Leave it out, or print to stdout.")
            return


def _silences(context: ast.expr) -> bool:
    function = context.func if isinstance(context, ast.Call) else context
    return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) in _SILENCERS


def _writes_to_stderr(call: ast.Call, code: PythonNotebook) -> str:
    dotted = code.dotted(call.func)
    keywords = {each.arg: each.value for each in call.keywords}
    if dotted == "print" and "file" in keywords and code.dotted(keywords["file"]) == "sys.stderr":
        return "print(..., file=sys.stderr)"
    if dotted in {"sys.stderr.write", "warnings.warn"} or dotted in _LOUD_LOGGING:
        return dotted
    if dotted == "unittest.main" or (dotted == "unittest.TextTestRunner" and "stream" not in keywords and not call.args):
        return dotted
    return ""


def _clocks(tree: ast.Module, code: PythonNotebook, spot: Spot) -> Iterator[Finding]:
    """N29: a test that asks for the time."""
    clock = next(
        (code.dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and code.dotted(node.func) in _CLOCKS), None
    )
    if clock:
        yield spot.warning(
            "N29", f"the verdict depends on the clock: {clock}()", "Compare with a fixed date, or leave the speed to the cell's time limit."
        )


def _told_values(cell: PythonCell, answers: set[str], spot: Spot) -> Iterator[Finding]:
    """N30: the message of a hidden test, which learners read in the feedback, holds what their answer should have given."""
    visible = "\n".join(line for number, line in enumerate(cell.cell.source.splitlines(), start=1) if number not in cell.hidden_lines)
    for node in cell.nodes:
        if not isinstance(node, ast.Assert) or node.lineno not in cell.hidden_lines or node.msg is None:
            continue
        message = " ".join(str(each.value) for each in ast.walk(node.msg) if isinstance(each, ast.Constant))
        for told in _expected_of(node.test, answers):
            if _stands_in(told, message) and not _stands_in(told, visible):
                yield spot.warning(
                    "N30", f"the message of a hidden test tells the expected value, {told}", "Say what to look at, not what comes out."
                )


def _expected_of(test: ast.expr, answers: set[str]) -> Iterator[str]:
    """Yield the value that an answer is asserted to equal, unless it is so short that it stands in a message by chance."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        for value, other in ((test.left, test.comparators[0]), (test.comparators[0], test.left)):
            told = str(value.value) if isinstance(value, ast.Constant) else ""
            if len(told) >= _SHORT_VALUE and any(isinstance(node, ast.Name) and node.id in answers for node in ast.walk(other)):
                yield told


def _stands_in(value: str, text: str) -> bool:
    """Whether `value` stands in `text` by itself, not as a part of another word or number."""
    start = text.find(value)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(value) : start + len(value) + 2]
        if not (before.isalnum() or before in {".", "_"}) and not (after[:1].isalnum() or (after[:1] == "." and after[1:].isdigit())):
            return True
        start = text.find(value, start + 1)
    return False
