"""Forked kernels: what they answer is what a kernel of nbclient's answers, and their limits hold."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.preprocessors import Execute

from autograder.execution.fork_server import ForkServer, Kernel, KernelDiedError, KernelStuckError, fold_message
from autograder.execution.forked import run_forked
from autograder.execution.preloading import imports_of
from autograder.jobs import AssignmentSource, GradingJob, Limits, SourceCell, SourceNotebook

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "IPYTHONDIR": "/tmp/ipython",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
LIMITS = Limits(cell_timeout_s=2, memory_bytes=2 * 2**30, output_bytes=2**20)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer(["numpy", "pandas", "matplotlib.pyplot"]) as running:
        yield running


@pytest.fixture
def kernel(server: ForkServer) -> Iterator[Kernel]:
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as running:
        yield running


def text_of(kernel: Kernel, code: str) -> str:
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in kernel.run_cell(code).outputs)


CELLS = [
    "x = 2\nx * 21",
    "print('one'); print('two')",
    "import sys; print('warned', file=sys.stderr)",
    "1 / 0",
    "def f(n):\n    return f(n - 1) if n else missing\nf(3)",
    "raise SystemExit",
    "import warnings; warnings.warn('careful')",
    "from IPython.display import display, HTML, Markdown\ndisplay(HTML('<b>x</b>')); display({'a': 1}); 5",
    "import numpy as np; np.float64(0.5)",
    "import pandas as pd; pd.DataFrame({'a': [1, 2]}).describe()",
    "x; ",
    "%%time\nsum(range(10))",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
    "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.set_title('t'); ax",
    "?len",
    "import asyncio; await asyncio.sleep(0.01); 'awaited'",
    "syntax error here",
    "from IPython.display import clear_output\nprint('gone'); clear_output(); print('stays')",
    "h = display('first', display_id='d'); h.update('second')",
    "import os; os.system('echo from the shell') and None",
    "input('name? ')",
    "assert x == 3, 'x should be 3'",
    "get_ipython().displayhook(7)",
    "import logging; logging.warning('logged')",
    "_ = 3; _",
    "list(range(3000))[-1]; print('y' * 5000)",
]


def shape(cell: Any) -> list[tuple[str, str, str]]:
    """Return what grading reads of a cell's outputs: type, name and text, without addresses and pictures."""
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            text = output.text
        elif output.output_type == "error":
            text = f"{output.ename}: {output.evalue}"
        else:
            text = str(sorted(output.data)) + str(output.data.get("text/plain", ""))
        text = re.sub(r"/tmp/ipykernel_\d+", "/tmp/ipykernel", text)
        found.append((output.output_type, output.get("name", ""), "time" if "time" in text else text))
    return found


@pytest.mark.slow
def test_every_kind_of_cell_gives_what_nbgraders_own_execution_gives(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # under it ipykernel leaves the output of other programs alone
    ours, stock = (nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS]) for _ in range(2))
    for node in (ours, stock):
        node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    Execute(timeout=30, kernel_name="python3").preprocess(stock, {"metadata": {"path": str(tmp_path)}})
    assert run_forked(server, ours, tmp_path, make_job(tmp_path, Limits(cell_timeout_s=30))) == ""
    differing = [
        (one.source, shape(one), shape(other))
        for one, other in zip(ours.cells, stock.cells, strict=True)
        if sorted(shape(one)) != sorted(shape(other))
    ]
    assert differing == []
    assert [cell.execution_count for cell in ours.cells] == [cell.execution_count for cell in stock.cells]


def make_job(folder: Path, limits: Limits) -> GradingJob:
    source = AssignmentSource(course="c", assignment="a", folder=str(folder), notebooks=(), digest="")
    return GradingJob(source=source, learner="l", submission=str(folder), limits=limits, sandbox=False)


def test_a_cell_at_its_time_limit_is_interrupted_and_the_next_one_runs(kernel: Kernel) -> None:
    stuck = kernel.run_cell("value = 1\nwhile True:\n    pass")
    assert stuck.timed_out
    assert [output["ename"] for output in stuck.outputs] == ["KeyboardInterrupt"]
    assert text_of(kernel, "value") == "1"


def test_a_cell_that_swallows_the_interrupt_is_killed(kernel: Kernel) -> None:
    started = time.monotonic()
    with pytest.raises(KernelStuckError, match="did not stop"):
        kernel.run_cell("while True:\n    try:\n        while True:\n            pass\n    except KeyboardInterrupt:\n        pass")
    assert time.monotonic() - started < 20


def test_a_cell_that_ends_the_kernel_is_noticed_at_once(kernel: Kernel) -> None:
    started = time.monotonic()
    with pytest.raises(KernelDiedError, match="ended"):
        kernel.run_cell("import os; os._exit(0)")
    assert time.monotonic() - started < 5  # nbclient looks once a second


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    print('x' * 1000)",
        "print('x' * 50_000_000)",
        "from IPython.display import display\nwhile True:\n    display('y' * 100_000)",
    ],
)
def test_a_cell_that_prints_without_end_is_stopped_and_the_next_one_runs(kernel: Kernel, code: str) -> None:
    flood = kernel.run_cell(f"value = 7\n{code}")
    assert flood.exceeded is not None
    assert (flood.exceeded.limit, "printed more than the 1 MiB allowed" in flood.exceeded.told) == ("output_bytes", True)
    assert len(str(flood.outputs)) < 2 * 2**20
    assert text_of(kernel, "value") == "7"


def test_processor_time_is_counted_over_threads_and_programs_and_sleep_is_not(server: ForkServer) -> None:
    limits = LIMITS.model_copy(update={"cell_timeout_s": 60, "cell_cpu_s": 1.5})
    spin = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with server.start_kernel(None, limits, ENVIRONMENT) as kernel:
        assert kernel.run_cell("import time; time.sleep(3)").exceeded is None
        for code in ("while True: pass", spin):
            run = kernel.run_cell(code)
            assert run.exceeded is not None
            assert run.exceeded.limit == "cell_cpu_s"
            assert "1.5 s of processor time" in run.exceeded.told


def test_what_programs_hold_together_is_limited_and_the_kernel_lives(server: ForkServer) -> None:
    limits = LIMITS.model_copy(update={"cell_timeout_s": 60, "total_memory_bytes": 400 * 2**20})
    hold = "held = bytearray(150 * 2**20)\nfor i in range(0, len(held), 4096): held[i] = 1\nimport time; time.sleep(100)"
    many = f"import subprocess, sys\nvalue = 3\nfor p in [subprocess.Popen([sys.executable, '-c', {hold!r}]) for _ in range(5)]: p.wait()"
    with server.start_kernel(None, limits, ENVIRONMENT) as kernel:
        run = kernel.run_cell(many)
        assert run.exceeded is not None
        assert "400 MiB of memory allowed together" in run.exceeded.told
        assert text_of(kernel, "value") == "3"


def test_one_fork_knows_nothing_of_another(server: ForkServer) -> None:
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as first, server.start_kernel(None, LIMITS, ENVIRONMENT) as second:
        first.run_cell("import pandas as pd; pd.secret = 1; open('left.txt', 'w').write('x'); open('/tmp/left.txt', 'w').write('x')")
        assert (
            text_of(second, "import os, pandas as pd; hasattr(pd, 'secret'), os.path.exists('left.txt'), os.path.exists('/tmp/left.txt')")
            == "(False, False, False)"
        )
        draws = {text_of(each, "import random, numpy as np; random.random(), np.random.rand()") for each in (first, second)}
        assert len(draws) == 2


def test_the_working_folder_is_a_copy_without_links(server: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with server.start_kernel(tmp_path, LIMITS, ENVIRONMENT) as kernel:
        assert text_of(kernel, "import os; sorted(os.listdir('.'))") == "['data.csv']"
        kernel.run_cell("open('data.csv', 'w').write('changed')")
    assert (tmp_path / "data.csv").read_text(encoding="utf-8") == "a\n1\n"


def test_messages_that_do_not_fit_are_dropped() -> None:
    outputs: list[dict[str, Any]] = []
    fold_message("stream", {"name": "stdout", "text": {"no": "text"}}, outputs)
    fold_message("stream", {"name": "elsewhere", "text": "x"}, outputs)
    fold_message("display_data", {"data": "no map"}, outputs)
    fold_message("unheard_of", {}, outputs)
    assert outputs == []
    fold_message("display_data", {"data": {"text/html": ["a", "list"], "text/plain": "fine"}, "metadata": 3}, outputs)
    assert outputs == [{"output_type": "display_data", "data": {"text/plain": "fine"}, "metadata": {}}]


def test_the_modules_of_a_course_are_learnt_from_its_cells(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("", encoding="utf-8")
    code = "%matplotlib inline\nimport pandas as pd, helper\nfrom scipy import stats\n"
    cell = SourceCell(
        name="c", cell_type="code", source=code, checksum=None, locked=True, is_grade=False, is_solution=False, is_task=False, points=None
    )
    notebook = SourceNotebook(name="n", kernelspec=None, cells=(cell, cell.model_copy(update={"source": "not python ("})))
    source = AssignmentSource(course="c", assignment="a", folder=str(tmp_path), notebooks=(notebook,), digest="")
    assert imports_of([source]) == ("pandas", "scipy", "scipy.stats")


def test_a_module_that_is_not_installed_does_not_stop_the_server() -> None:
    with ForkServer(["no_such_module_at_all"]) as server:
        assert server.missing == ("no_such_module_at_all",)
        with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
            assert text_of(kernel, "1 + 1") == "2"
