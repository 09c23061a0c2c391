"""The cell tagged `parameters` (papermill's convention): what it sets, and the same cell with other values. Pure.

Unlike papermill, which adds a cell after it, we put each value in the place of the one that stands there, so that what is computed from a parameter in the same
cell is right, and a reader sees one value. That needs each parameter set once, by a plain assignment of its own: `n = 3`.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Mapping
from typing import Any

from courses.errors import VariantError
from courses.notebook import Cell, CellKind, Notebook
from courses.python_syntax import parse
from courses.variants import Value, Values, VariantPool

TAG = "parameters"
MODULE = "my_variant"
"""The module that a release puts beside the notebook: it finds a learner's own values."""
_HEAD = f"from {MODULE} import mine  # your own values, by your account; grading sets them anew, whatever stands here\n\n"
_TAIL = "\n\nprint(mine)"


def parameter_cells(notebook: Notebook) -> tuple[Cell, ...]:
    """Return the cells that are tagged `parameters`; one at most is right."""
    return tuple(cell for cell in notebook.cells if TAG in cell.tags)


def is_parameter_cell(cell: Cell) -> bool:
    """Whether a tagged cell is one that works: code, read-only, with an id."""
    return cell.type == "code" and cell.kind is CellKind.READ_ONLY and cell.grade_id is not None


def find_cells(notebooks: tuple[Notebook, ...]) -> dict[str, str]:
    """Return, by notebook, the nbgrader id of its parameters cell; notebooks without one that works are left out."""
    found = {notebook.name: [cell for cell in parameter_cells(notebook) if is_parameter_cell(cell)] for notebook in notebooks}
    return {name: str(cells[0].grade_id) for name, cells in found.items() if cells}


def assigned_once(source: str) -> dict[str, ast.expr]:
    """Return the names that a cell sets once by an assignment of their own, each with the expression; in order.

    Raises:
        VariantError: the cell is no plain Python.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError) as refused:
        raise VariantError(
            f"the parameters cell is no plain Python: {refused}", remedy="Leave magics and shell lines out of it."
        ) from refused
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)]
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        target: ast.expr | None = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        if isinstance(target, ast.Name) and stored.count(target.id) == 1:
            found[target.id] = value
    return found


def default_of(expression: ast.expr) -> Value | None:
    """Return the plain value that an expression is, None if it is something else."""
    try:
        value: Any = ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return tuple(value) if isinstance(value, list) else value


def literal(value: Value | tuple[Any, ...]) -> str:
    """Return a value as Python text."""
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, tuple) else repr(value)


def with_values(source: str, values: Values) -> str:
    """Return the parameters cell with a learner's values in it; of those that it does not set nothing is added.

    Raises:
        VariantError: it is no plain Python, or sets none of them.
    """
    return _replaced(source, {name: literal(value) for name, value in values.items()})


def personal_cells(sources: Mapping[str, str], pool: VariantPool, row: int) -> dict[str, str]:
    """Return the parameters cells, by notebook, with the values of a row of the pool.

    Args:
        sources: by notebook, the text of its parameters cell as the instructor wrote it.

    Raises:
        VariantError: a cell is no plain Python, or sets no parameter.
    """
    return {name: with_values(source, pool.rows[row]) for name, source in sources.items()}


def released_cell(source: str, parameters: tuple[str, ...]) -> str:
    """Return the parameters cell as all learners get it: each finds their own values in it.

    Raises:
        VariantError: it is no plain Python, or sets no parameter.
    """
    return f"{_HEAD}{_replaced(source, {name: f'mine[{json.dumps(name)}]' for name in parameters})}{_TAIL}"


def personalise_notebook(node: Any, cell_id: str, values: Values) -> Any:
    """Return a copy of a released notebook, as nbformat's node, whose parameters cell holds one learner's values: for those who hand it out one by one.

    Args:
        cell_id: the nbgrader id of the parameters cell.

    Raises:
        VariantError: there is no such cell.
    """
    personal = copy.deepcopy(node)
    for cell in personal.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == cell_id:
            set_text(cell, with_values(cell.source.removeprefix(_HEAD).removesuffix(_TAIL), values))
            return personal
    raise VariantError(f"the notebook has no cell {cell_id!r}", remedy="Release the assignment again.")


def set_text(cell: Any, text: str) -> None:
    """Give an nbgrader cell another text, and the checksum that goes with it."""
    from nbgrader.utils import compute_checksum  # what grades loads this module too, and needs no nbgrader for it

    cell.source = text
    if "checksum" in cell.metadata.nbgrader:
        cell.metadata.nbgrader["checksum"] = compute_checksum(cell)


def _replaced(source: str, texts: Mapping[str, str]) -> str:
    found = {name: expression for name, expression in assigned_once(source).items() if name in texts}
    if not found:
        raise VariantError("the parameters cell sets none of the variants' parameters", remedy="Set each there once: `n = 3`.")
    data, starts = source.encode(), [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for name, expression in sorted(found.items(), key=lambda each: (each[1].lineno, each[1].col_offset), reverse=True):
        begin, end = (
            starts[expression.lineno - 1] + expression.col_offset,
            starts[(expression.end_lineno or 0) - 1] + (expression.end_col_offset or 0),
        )
        data = data[:begin] + texts[name].encode() + data[end:]
    return data.decode()
