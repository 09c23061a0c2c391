"""What the graders are compared with, each run as a command of its own: `python -m benchmarks.peers nbclient|floor CLASS NUMBER...`."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.classes import CLASSES, ClassWork


def run_nbclient(work: ClassWork, numbers: Sequence[int]) -> None:
    """Run the notebooks with nbclient alone, two at a time: a kernel each, no scores."""
    import nbformat
    from nbclient import NotebookClient

    def run(number: int) -> None:
        cells = [nbformat.v4.new_code_cell(text) for text in work.plain_cells(number)]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        NotebookClient(nbformat.v4.new_notebook(cells=cells, metadata=metadata), timeout=60, allow_errors=True).execute()

    _two_at_a_time(run, numbers)


def run_floor(work: ClassWork, numbers: Sequence[int]) -> None:
    """Fork a process that has loaded the libraries, and `exec` the same cells in it: no shell, no sandbox, no outputs kept, no scores."""
    for name in (*work.libraries, *_OF_A_KERNEL):
        importlib.import_module(name)
    _two_at_a_time(lambda number: _fork_and_run(work.plain_cells(number)), numbers)


_OF_A_KERNEL = ("ipykernel.ipkernel", "matplotlib_inline.backend_inline", "pygments.formatters.terminal256", "stack_data")


def _fork_and_run(cells: Sequence[str]) -> None:
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        os.environ["MPLBACKEND"] = "agg"
        with contextlib.redirect_stdout(io.StringIO()):
            names: dict[str, object] = {"__name__": "__main__"}
            for text in cells:
                with contextlib.suppress(Exception):
                    exec(compile(text.removeprefix("%matplotlib inline\n"), "<cell>", "exec"), names)  # noqa: S102 - our own cells
    finally:
        os._exit(0)


def _two_at_a_time(run: Callable[[int], None], numbers: Sequence[int]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, numbers))


def main() -> None:
    """Run one peer."""
    name, work, *numbers = sys.argv[1:]
    {"nbclient": run_nbclient, "floor": run_floor}[name](CLASSES[work], [int(number) for number in numbers])


if __name__ == "__main__":
    main()
