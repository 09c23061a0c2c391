"""Which modules a course's notebooks import: what the zygote loads before it forks, so that no submission pays for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from autograder.jobs import AssignmentSource


def imports_of(sources: Iterable[AssignmentSource]) -> tuple[str, ...]:
    """Return the modules that the sources' code cells import, in order; modules that lie beside a notebook are the learner's and are left out."""
    found: dict[str, None] = {}
    for source in sources:
        local = {path.stem for path in Path(source.folder).glob("*.py")}
        for notebook in source.notebooks:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    found |= dict.fromkeys(name for name in _imports(cell.source) if name.partition(".")[0] not in local)
    return tuple(found)


def _imports(source: str) -> Iterable[str]:
    lines = ["pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
