"""Which modules a course's notebooks import: what the zygote loads before it forks, so that no submission pays for it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.execution.kernel import Kernel
from autograder.jobs import AssignmentSource
from courses.errors import DiagnosedError
from courses.notebook import read_notebook_json
from courses.notebook_imports import imported_modules

_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")


_MODULES_CELL = "__import__('sys').stdout.write('\\n'.join(__import__('sys').modules)) and None"


def loaded_modules(kernel: Kernel) -> frozenset[str]:
    """Return the names of the modules that a kernel has loaded: what a run of the instructor's own notebook says, not a learner's.

    Raises:
        KernelDiedError, KernelStuckError: it does not say.
    """
    outputs = kernel.run_cell(_MODULES_CELL).outputs
    return frozenset(name for output in outputs for name in output.get("text", "").split("\n") if _MODULE_NAME.fullmatch(name))


def imports_of(sources: Iterable[AssignmentSource]) -> tuple[str, ...]:
    """Return the modules that the sources import, in order: in any code cell of the instructor's notebooks, and in the modules that lie beside them.

    Those modules themselves are left out: a learner may hand in others.
    """
    found: dict[str, None] = {}
    for source in sources:
        beside = sorted(Path(source.folder).glob("**/*.py"))[:_MOST_HELPERS]
        local = {path.relative_to(source.folder).parts[0].removesuffix(".py") for path in beside}
        for text in _texts(source, beside):
            found |= dict.fromkeys(name for name in imported_modules(text) if name.partition(".")[0] not in local)
    return tuple(found)


def _texts(source: AssignmentSource, beside: Iterable[Path]) -> Iterator[str]:
    """Yield what the instructor's code cells say, those that nbgrader does not know and the solutions included, and then the helper modules."""
    for notebook in source.notebooks:
        yield from (cell.source for cell in notebook.cells if cell.cell_type == "code")
        path = Path(source.folder, f"{notebook.name}.ipynb")
        with contextlib.suppress(OSError, DiagnosedError):
            yield from (
                cell.source
                for cell in read_notebook_json(path.read_text(encoding="utf-8"), where=str(path)).cells
                if cell.cell_type == "code"
            )
    for path in beside:
        with contextlib.suppress(OSError, ValueError):
            yield path.read_text(encoding="utf-8")


_MOST_HELPERS = 50
"""Whoever keeps more modules beside the notebooks has the first of them read."""
