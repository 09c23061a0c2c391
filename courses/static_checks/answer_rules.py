"""The rules between answers and tests: each answer has a test, each test an answer, and no solution stands where learners read it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from courses.findings import Finding
from courses.notebook import CellKind
from courses.static_checks.answer_flow import ANSWERS, AnswerFlow, works_by_effect
from courses.static_checks.marks import SOLUTION, has_mark, shown_to_learners, split_at
from courses.static_checks.places import Spot, cell_spot
from courses.static_checks.python_cells import PythonCell, PythonNotebook


def check_answers(code: PythonNotebook, assignment: str) -> Iterator[Finding]:
    """Yield what is wrong or doubtful between the answers and the tests of a Python notebook."""
    flow = AnswerFlow(code)
    for cell in code.cells:
        spot = cell_spot(assignment, code.notebook, cell.cell)
        if cell.cell.kind is CellKind.ANSWER:
            yield from _answer(cell, flow, spot)
        elif cell.cell.kind is CellKind.TEST:
            yield from _test(cell, code, flow, spot)
        elif cell.cell.kind is CellKind.PLAIN:
            yield from _overwriting(cell, code, flow, spot)
    yield from _untold_names(code, flow, assignment)


def _answer(cell: PythonCell, flow: AnswerFlow, spot: Spot) -> Iterator[Finding]:
    """N19, N22: an answer that nothing grades, or that is empty."""
    is_tested = flow.is_followed_by_test(cell) if works_by_effect(cell) else cell.cell.index in flow.tested
    if not is_tested:
        yield spot.warning(
            "N19", "no test depends on this answer, so it is worth nothing", "Add a test, or make it a cell without an answer."
        )
    if cell.is_whole and cell.tree is not None and _is_stub(cell):
        remedy = "Write the solution between ### BEGIN SOLUTION and ### END SOLUTION."
        yield spot.warning("N22", "the answer cell holds no solution, so nothing shows that its tests can be passed", remedy)


def _is_stub(cell: PythonCell) -> bool:
    """Whether there is nothing in the solution region, or in the whole cell if there is none, but a place to write."""
    source = cell.cell.source
    if has_mark(source, SOLUTION):
        lines = [line.strip() for line in split_at(source, SOLUTION)[1].splitlines()]
        return all(line in {"", "pass", "..."} or line.startswith(("#", "raise NotImplementedError")) for line in lines)
    return cell.tree is not None and all(_is_place_to_write(each) for each in cell.tree.body)


def _is_place_to_write(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return all(_is_place_to_write(each) for each in statement.body)
    if isinstance(statement, ast.Raise):
        kind = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"
    return isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def _test(cell: PythonCell, code: PythonNotebook, flow: AnswerFlow, spot: Spot) -> Iterator[Finding]:
    """N07, N20, N21: a test that no answer can change."""
    before = flow.answers_before(cell)
    if cell.tree is None or flow.answers_of(cell) or any(works_by_effect(each) for each in before):
        if not before and cell.tree is None:
            yield spot.warning("N07", "a test stands before any answer cell", "Put the answer cell first, or the test can never fail.")
        return
    solved = next((name for name in sorted(cell.names.reads) if _is_solved_in_the_open(name, cell, code)), None)
    if solved:
        problem = f"the test asks for {solved}, which an untagged cell defines: learners get the solution, and full marks for it"
        yield spot.blocking(
            "N21", problem, "Mark the cell as an answer, and put its solution between ### BEGIN SOLUTION and ### END SOLUTION."
        )
    elif not before:
        yield spot.warning("N07", "a test stands before any answer cell", "Put the answer cell first, or the test can never fail.")
    else:
        yield spot.warning("N20", "the test uses no name that an answer defines, so no answer can fail it", "Test what the answer defines.")


def _is_solved_in_the_open(name: str, test: PythonCell, code: PythonNotebook) -> bool:
    """Whether an untagged cell before the test defines the function or class `name`."""
    before = code.cells[: code.cells.index(test)]
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
        for each in before
        if each.cell.kind is CellKind.PLAIN and each.tree
        for node in each.tree.body
    )


def _overwriting(cell: PythonCell, code: PythonNotebook, flow: AnswerFlow, spot: Spot) -> Iterator[Finding]:
    """N21: an untagged cell binds anew what an answer before it bound, out of nothing of the learner's, and a test after it asks for just that."""
    if cell.tree is None or flow.answers_of(cell):
        return
    mine = {name for answer in flow.answers_before(cell) for name in answer.names.binds} & cell.names.binds
    for test in code.cells[code.cells.index(cell) + 1 :]:
        if test.cell.kind in ANSWERS and test.names.binds & mine:
            return
        wanted = test.names.reads & {name for answer in flow.answers_before(test) for name in answer.names.binds}
        if test.cell.kind is CellKind.TEST and test.tree and wanted and wanted <= mine and not _reaches_answers(test, mine, code, flow):
            told = ", ".join(sorted(wanted))
            problem = f"the cell defines {told} again after the answer, so {test.cell.grade_id} tests this cell and not the learner"
            yield spot.blocking("N21", problem, "Take it out, or give it another name.")
            return


def _reaches_answers(test: PythonCell, overwritten: set[str], code: PythonNotebook, flow: AnswerFlow) -> bool:
    """Whether the test also reads what another cell made of an answer."""
    others = test.names.reads - overwritten
    before = code.cells[: code.cells.index(test)]
    return any(each.cell.kind not in ANSWERS and each.names.binds & others and flow.answers_of(each) for each in before)


def _untold_names(code: PythonNotebook, flow: AnswerFlow, assignment: str) -> Iterator[Finding]:
    """N23: a test asks for a name that learners never see."""
    shown = "\n".join(shown_to_learners(cell) for cell in code.notebook.cells)
    for test in code.of_kind(CellKind.TEST):
        bound = {name for answer in flow.answers_before(test) for name in answer.names.binds}
        others = {name for each in code.cells if each.cell.kind not in ANSWERS for name in each.names.binds}
        untold = [name for name in sorted(test.names.reads & bound - others) if not re.search(rf"\b{re.escape(name)}\b", shown)]
        if untold:
            problem = f"the test asks for {', '.join(untold)}, a name that stands nowhere in the learners' version"
            spot = cell_spot(assignment, code.notebook, test.cell)
            yield spot.blocking("N23", problem, "Leave the line that names it outside the solution region, or name it in the text.")
