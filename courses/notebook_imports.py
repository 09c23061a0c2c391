"""Which modules the code of a cell imports, read from its text: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from courses.python_syntax import parse


def imported_modules(source: str) -> Iterator[str]:
    """Yield the modules that a code cell's text imports, IPython's magic lines left out; nothing if it is no Python.

    `from scipy import stats` gives `scipy` and `scipy.stats`, because either may be a module.
    """
    lines = ["pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        tree = parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
