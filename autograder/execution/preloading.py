"""Which modules a course's notebooks import: what the zygote loads before it forks, so that no submission pays for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from autograder.execution.kernel import Kernel
from autograder.jobs import AssignmentSource
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
    """Return the modules that the sources' code cells import, in order; modules that lie beside a notebook are the learner's and are left out."""
    found: dict[str, None] = {}
    for source in sources:
        local = {path.stem for path in Path(source.folder).glob("*.py")}
        for notebook in source.notebooks:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    found |= dict.fromkeys(name for name in imported_modules(cell.source) if name.partition(".")[0] not in local)
    return tuple(found)
