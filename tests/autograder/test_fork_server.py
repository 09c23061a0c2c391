"""Forked kernels and their limits. That they answer as a stock kernel does is shown in `test_direct_kernel.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.execution.fork_server import ForkServer, Kernel, KernelDiedError, KernelStuckError
from autograder.execution.preloading import imports_of
from autograder.jobs import AssignmentSource, Limits, SourceCell, SourceNotebook

pytestmark = pytest.mark.slow

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "IPYTHONDIR": "/tmp/ipython",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
LIMITS = Limits(cell_timeout_s=60, memory_bytes=2 * 2**30, output_bytes=2**20)
SHORT_LIMITS = LIMITS.model_copy(update={"cell_timeout_s": 4})


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer(["numpy", "pandas", "matplotlib.pyplot"]) as running:
        yield running


@pytest.fixture
def kernel(server: ForkServer) -> Iterator[Kernel]:
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as running:
        yield running


@pytest.fixture
def short_kernel(server: ForkServer) -> Iterator[Kernel]:
    """A kernel whose cells may not take long."""
    with server.start_kernel(None, SHORT_LIMITS, ENVIRONMENT) as running:
        yield running


def text_of(kernel: Kernel, code: str) -> str:
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in kernel.run_cell(code).outputs)


def test_a_cell_at_its_time_limit_is_interrupted_and_the_next_one_runs(short_kernel: Kernel) -> None:
    stuck = short_kernel.run_cell("value = 1\nwhile True:\n    pass")
    assert stuck.timed_out
    assert [output["ename"] for output in stuck.outputs] == ["KeyboardInterrupt"]
    assert text_of(short_kernel, "value") == "1"


def test_a_cell_that_swallows_the_interrupt_is_killed(short_kernel: Kernel) -> None:
    started = time.monotonic()
    with pytest.raises(KernelStuckError, match="did not stop"):
        short_kernel.run_cell("while True:\n    try:\n        while True:\n            pass\n    except KeyboardInterrupt:\n        pass")
    assert time.monotonic() - started < 60


def test_a_cell_that_ends_the_kernel_is_noticed_at_once(kernel: Kernel) -> None:
    started = time.monotonic()
    with pytest.raises(KernelDiedError, match="ended"):
        kernel.run_cell("import os; os._exit(0)")
    assert time.monotonic() - started < LIMITS.cell_timeout_s / 2, "not at its time limit"


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
    limits = LIMITS.model_copy(update={"cell_cpu_s": 1.5})
    spin = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with server.start_kernel(None, limits, ENVIRONMENT) as kernel:
        assert kernel.run_cell("import time; time.sleep(3)").exceeded is None
        for code in ("while True: pass", spin):
            run = kernel.run_cell(code)
            assert run.exceeded is not None
            assert run.exceeded.limit == "cell_cpu_s"
            assert "1.5 s of processor time" in run.exceeded.told


def test_what_programs_hold_together_is_limited_and_the_kernel_lives(server: ForkServer) -> None:
    limits = LIMITS.model_copy(update={"total_memory_bytes": 400 * 2**20})
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


def test_the_modules_of_a_course_are_learnt_from_its_cells(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("", encoding="utf-8")
    code = "%matplotlib inline\nimport pandas as pd, helper\nfrom scipy import stats\n"
    cell = SourceCell(
        name="c", cell_type="code", source=code, checksum=None, locked=True, is_grade=False, is_solution=False, is_task=False, points=None
    )
    notebook = SourceNotebook(name="n", kernelspec=None, cells=(cell, cell.model_copy(update={"source": "not python ("})))
    source = AssignmentSource(course="c", assignment="a", folder=str(tmp_path), notebooks=(notebook,), digest="")
    assert imports_of([source]) == ("pandas", "scipy", "scipy.stats")


def test_the_modules_of_a_course_are_learnt_from_solutions_free_cells_and_helper_modules_too(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "plots.py").write_text("import matplotlib.pyplot as plt\nfrom helper import x\n", encoding="utf-8")
    (tmp_path / "helper.py").write_text("not python (", encoding="utf-8")
    cells = [nbformat.v4.new_code_cell("import pandas as pd\nfrom tools.plots import plt"), nbformat.v4.new_markdown_cell("import sklearn")]
    (tmp_path / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
    notebook = SourceNotebook(name="n", kernelspec=None, cells=())
    source = AssignmentSource(course="c", assignment="a", folder=str(tmp_path), notebooks=(notebook,), digest="")
    assert imports_of([source]) == ("pandas", "matplotlib.pyplot")


def test_a_module_that_is_not_installed_does_not_stop_the_server() -> None:
    with ForkServer(["no_such_module_at_all"]) as server:
        assert server.missing == ("no_such_module_at_all",)
        with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
            assert text_of(kernel, "1 + 1") == "2"
