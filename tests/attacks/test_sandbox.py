"""Attacks on what runs notebooks in kernels of their own: each fails under bubblewrap, and was seen to succeed without it.

All harmless attacks are cells of one notebook, which runs once with the sandbox and once without. The forked engine has its own attacks in
`test_forked_kernel.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from autograder.jobs import AssignmentSource, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook
from autograder.sandbox.bubblewrap import find_bubblewrap
from autograder.scheduling.worker import JobLostError, run_apart
from tests.attacks.arena import Record

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_bubblewrap() is None, reason="bubblewrap makes no sandbox on this machine")]

_MARK = f"patunay-attack-{os.getpid()}"
_SUCCEEDS, _FAILS = "SUCCEEDED", "failed"


def test_cell(name: str = "test", source: str = "assert True") -> SourceCell:
    return SourceCell(
        name=name,
        cell_type="code",
        source=source,
        checksum="0" * 32,
        locked=True,
        is_grade=True,
        is_solution=False,
        is_task=False,
        points=1,
    )


test_cell.__test__ = False  # type: ignore[attr-defined]  # a maker of test cells, no test


def answer_cell(name: str = "answer") -> SourceCell:
    return test_cell(name).model_copy(update={"locked": False, "is_grade": False, "is_solution": True, "points": None})


def write_notebook(path: Path, *cells: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=list(cells))), encoding="utf-8")


def code(source: str, grade_id: str | None = None) -> Any:
    cell = nbformat.v4.new_code_cell(source)
    if grade_id:
        cell.metadata["nbgrader"] = {"grade_id": grade_id}
    return cell


def make_job(folder: Path, notebooks: Mapping[str, tuple[SourceCell, ...]], *, sandbox: bool, **limits: Any) -> GradingJob:
    source = AssignmentSource(
        course="c",
        assignment="ps1",
        folder=str(folder / "none"),
        notebooks=tuple(SourceNotebook(name=name, kernelspec=None, cells=cells) for name, cells in notebooks.items()),
        digest="0" * 64,
    )
    return GradingJob(source=source, learner="eve", submission=str(folder), limits=Limits(**limits), sandbox=sandbox)


def grade_one(job: GradingJob) -> GradingResult:
    return run_apart(job)


@dataclass(frozen=True)
class World:
    """What there is to steal and to break."""

    root: Path
    port: int

    @property
    def attacks(self) -> dict[str, str]:
        """Each attack as code that raises unless it succeeds."""
        return {
            "read the gradebook by its path": f"assert 'hidden tests' in open({str(self.root / 'gradebook.db')!r}).read()",
            "read the files of another learner": f"assert 'his answer' in open({str(self.root / 'submitted' / 'ben' / 'p1.ipynb')!r}).read()",
            "read the machine's password file": "open('/etc/shadow').read()",
            "list the host's temporary files": f"import os\nassert {self.root.parts[2]!r} in os.listdir('/tmp')",
            "write where the site lies": f"open({str(self.root / _MARK)!r}, 'w').write('x')",
            "write into the host's temporary folder": f"assert os.path.isdir({str(self.root)!r})\nopen('/tmp/{_MARK}', 'w').write('x')",
            "change a library that the next learner loads": (
                f"import nbformat, pathlib\nfound = pathlib.Path(nbformat.__file__).with_name({_MARK!r})\nfound.write_text('x')"
            ),
            "reach a server of this machine": f"import socket\nsocket.create_connection(('127.0.0.1', {self.port}), timeout=3).close()",
            "reach a nameless socket of this machine": (
                f"import socket\nwith socket.socket(socket.AF_UNIX) as s:\n    s.connect('\\0{_MARK}')"
            ),
            "see the grader's process": f"assert open('/proc/{os.getpid()}/cmdline').read() == {_own_command()!r}",
            "send a signal to the grader": (
                f"assert open('/proc/{os.getpid()}/cmdline').read() == {_own_command()!r}\nos.kill({os.getpid()}, 0)"
            ),
            "read the grader's environment": "assert 'PATUNAY_KERNEL_LIMITS' in os.environ",
            "hold powers of the administrator": (
                "[held] = [line for line in open('/proc/self/status') if line.startswith('CapEff')]\nassert int(held.split()[1], 16)"
            ),
            "take more memory than allowed": "taken = bytearray(1_500_000_000)\ndel taken",
            "leave a program running": (
                f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)', {_MARK!r}], start_new_session=True)"
            ),
        }


def _own_command() -> str:
    return Path("/proc/self/cmdline").read_text(encoding="utf-8")


_WRITERS = {"write where the site lies", "write into the host's temporary folder", "change a library that the next learner loads"}
_NEEDS_ROOT = {"hold powers of the administrator", "read the machine's password file"}


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """Listen on a port of this machine and on a nameless socket."""
    with socket.create_server(("127.0.0.1", 0)) as named, socket.socket(socket.AF_UNIX) as nameless:
        nameless.bind(f"\0{_MARK}")
        nameless.listen()
        yield int(named.getsockname()[1])


@dataclass(frozen=True)
class Outcome:
    """What became of the attacks."""

    told: dict[str, str]
    world: World
    files: tuple[Path, ...]
    """What the attacks left on the host, taken away since."""
    left_running: int


def attack(root: Path, *, sandbox: bool) -> Outcome:
    """Run every attack in one notebook."""
    (root / "submitted" / "ben").mkdir(parents=True)
    (root / "gradebook.db").write_text("hidden tests", encoding="utf-8")
    (root / "submitted" / "ben" / "p1.ipynb").write_text("his answer", encoding="utf-8")
    with listening() as port:
        world = World(root, port)
        cells = [
            code("import os\ntry:\n" + "\n".join(f"    {line}" for line in source.splitlines()) + f"\n    print('{_SUCCEEDS}')\n"
                 f"except BaseException as refusal:\n    print('{_FAILS}', type(refusal).__name__)")
            for source in world.attacks.values()
        ]  # fmt: skip
        write_notebook(root / "handed" / "p1.ipynb", *cells)
        result = grade_one(make_job(root / "handed", {"p1": (test_cell(),)}, sandbox=sandbox, memory_bytes=2**30, cell_timeout_s=120))
    assert result.status == "graded", result.reason
    node = nbformat.reads(result.notebooks[0].document, as_version=4)
    ran = [cell for cell in node.cells if "nbgrader" not in cell.metadata]
    told = {name: "".join(output.get("text", "") for output in cell.outputs) for name, cell in zip(world.attacks, ran, strict=True)}
    library = Path(nbformat.__file__).with_name(_MARK)
    files = tuple(path for path in (root / _MARK, Path("/tmp", _MARK), library) if path.exists())
    for path in files:
        path.unlink()
    running = _left_running(patience_s=30 if sandbox else 0)
    for process in running:
        process.kill()
    return Outcome(told, world, files, len(running))


def _left_running(*, patience_s: float) -> list[psutil.Process]:
    """Return the programs of the attacks that run still after so long; what was killed may take a moment to be gone."""
    ends = time.monotonic() + patience_s
    while True:
        running = [process for process in psutil.process_iter(["cmdline"]) if _MARK in (process.info["cmdline"] or [])]
        if not running or time.monotonic() >= ends:
            return running
        time.sleep(0.1)


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return attack(tmp_path_factory.mktemp("inside"), sandbox=True)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return attack(tmp_path_factory.mktemp("outside"), sandbox=False)


_NAMES = list(World(Path("/tmp/x"), 0).attacks)


@pytest.mark.parametrize("name", _NAMES)
def test_an_attack_succeeds_without_the_sandbox(outside: Outcome, name: str) -> None:
    if name in _NEEDS_ROOT and os.getuid() != 0:
        pytest.skip("only root has that to lose")
    assert outside.told[name].startswith(_SUCCEEDS), outside.told[name]


@pytest.mark.parametrize("name", [name for name in _NAMES if name != "leave a program running"])
def test_an_attack_fails_in_the_sandbox(inside: Outcome, outside: Outcome, name: str, record: Record) -> None:
    assert inside.told[name].startswith(_FAILS), inside.told[name]
    if name not in _NEEDS_ROOT or os.getuid() == 0:
        record(f"bubblewrap: {name}", "bubblewrap", without=outside.told[name].startswith(_SUCCEEDS), behind=False)


def test_what_is_written_in_the_sandbox_is_gone_afterwards(inside: Outcome, outside: Outcome) -> None:
    assert inside.files == ()
    assert len(outside.files) == 3


def test_a_program_left_running_ends_with_the_sandbox(inside: Outcome, outside: Outcome) -> None:
    assert inside.told["leave a program running"].startswith(_SUCCEEDS)
    assert inside.left_running == 0
    assert outside.left_running == 1


def test_the_sandbox_gives_what_a_notebook_needs(tmp_path: Path) -> None:
    cells = [
        code("import numpy, pandas, matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
        code("open('mine.txt', 'w').write('x')\nprint(open('mine.txt').read(), open('data.txt').read())"),
        code(
            "import tempfile, subprocess\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x')\nprint(subprocess.run(['echo', 'hi'], capture_output=True).stdout)"
        ),
        code("print(sum(range(10)))", "answer"),
    ]
    write_notebook(tmp_path / "handed" / "p1.ipynb", *cells)
    (tmp_path / "handed" / "data.txt").write_text("given", encoding="utf-8")
    result = grade_one(make_job(tmp_path / "handed", {"p1": (answer_cell(), test_cell())}, sandbox=True, cell_timeout_s=300))
    node = nbformat.reads(result.notebooks[0].document, as_version=4)
    assert [output.output_type for cell in node.cells for output in cell.get("outputs", []) if output.output_type == "error"] == []
    assert "image/png" in node.cells[0].outputs[-1].data
    assert "x given" in node.cells[1].outputs[0].text
    assert "b'hi\\n'" in node.cells[2].outputs[0].text
    assert not (tmp_path / "handed" / "mine.txt").exists(), "the submission is only read"


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_notebook_cannot_put_the_instructors_in_the_place_of_the_next(tmp_path: Path, sandbox: bool) -> None:
    solution = tmp_path / "source" / "b.ipynb"
    write_notebook(solution, code("x = 42", "answer"))
    swap = f"import os\nos.remove('b.ipynb')\nos.symlink({str(solution)!r}, 'b.ipynb')"
    write_notebook(tmp_path / "handed" / "a.ipynb", code(swap, "answer"))
    write_notebook(tmp_path / "handed" / "b.ipynb", code("x = 0", "answer"))
    notebooks = {"a": (answer_cell(), test_cell()), "b": (answer_cell(), test_cell(source="assert x == 42"))}
    result = grade_one(make_job(tmp_path / "handed", notebooks, sandbox=sandbox))
    assert {cell.notebook: cell.auto_score for cell in result.cells} == {"a": 1.0, "b": 0.0}


def test_the_whole_process_tree_ends_with_the_worker(tmp_path: Path) -> None:
    sleeper = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)', '{_MARK}-tree'])\ntime.sleep(3600)"
    write_notebook(tmp_path / "handed" / "p1.ipynb", code(sleeper, "answer"))
    lost: list[JobLostError] = []
    job = make_job(tmp_path / "handed", {"p1": (answer_cell(), test_cell())}, sandbox=True, cell_timeout_s=600)

    def grade() -> None:
        try:
            grade_one(job)
        except JobLostError as error:
            lost.append(error)

    thread = threading.Thread(target=grade)
    thread.start()
    tree = wait_for_sleeper(f"{_MARK}-tree")
    worker = next(each for each in tree[0].parents() if each.ppid() == os.getpid())
    worker.kill()
    thread.join(60)
    _, alive = psutil.wait_procs(tree, timeout=60)
    assert alive == []
    assert len(lost) == 1


def wait_for_sleeper(mark: str) -> list[psutil.Process]:
    """Return the marked process, once it runs, and everything between it and its worker."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        for process in psutil.process_iter(["cmdline"]):
            if mark in (process.info["cmdline"] or []):
                return [process, *(each for each in process.parents() if "bwrap" in each.name() or "ipykernel" in " ".join(each.cmdline()))]
        time.sleep(0.1)
    raise AssertionError("the kernel did not start")


def test_the_trial_sandbox_is_one_that_works() -> None:
    assert find_bubblewrap() == shutil.which("bwrap")
