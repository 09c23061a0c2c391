"""Using more than one's share: memory, processes, descriptors, disk, time, output, and files that are small and grow when they are read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.execution.fork_server import CellRun, ForkServer, KernelDiedError, KernelStuckError
from autograder.execution.forked import run_forked
from autograder.jobs import Limits
from autograder.rebuilding import rebuild_notebook
from courses.errors import DiagnosedError
from courses.safe_copy import CopyRefusedError, copy_untrusted
from tests.attacks.arena import Attack, Record, Stripped, errors_in_kernel, try_attack
from tests.attacks.stripped import FILE_BYTES, MEMORY_BYTES, PROCESSES
from tests.autograder.sealed.examination import Desk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_FORKS = f"import os, time\nstarted = []\ntry:\n    for _ in range({PROCESSES + 20}):\n        pid = os.fork()\n        if pid == 0:\n            time.sleep(60)\n            os._exit(0)\n        started.append(pid)\nfinally:\n    for pid in started:\n        os.kill(pid, 9)\n        os.waitpid(pid, 0)"
_THREADS = f"import threading\ngo = threading.Event()\nmade = []\ntry:\n    for _ in range({PROCESSES + 20}):\n        made.append(threading.Thread(target=go.wait))\n        made[-1].start()\nfinally:\n    go.set()\n    for each in made:\n        each.is_alive() and each.join()"

ATTACKS = (
    Attack("memory of one program", f"held = bytearray({MEMORY_BYTES + 2**25})", ("limits",)),
    Attack("memory mapped without being used", f"import mmap\nmmap.mmap(-1, {MEMORY_BYTES + 2**25}).close()", ("limits",)),
    Attack("memory locked", "import ctypes, mmap\nheld = mmap.mmap(-1, 2**20)\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.mlock(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(held))), 2**20) == 0, ctypes.get_errno()", ("limits",)),
    Attack("processes", _FORKS, ("limits",), runs_in_kernel=False),
    Attack("threads", _THREADS, ("limits",), runs_in_kernel=False),
    Attack("descriptors", "import os\nheld = []\ntry:\n    for _ in range(600):\n        held.append(os.dup(0))\nfinally:\n    for each in held:\n        os.close(each)", ("limits",)),
    Attack("sockets", "import socket\nheld = []\ntry:\n    for _ in range(300):\n        held += socket.socketpair()\nfinally:\n    for each in held:\n        each.close()", ("limits",)),
    Attack("one file that grows", f"import os\ntry:\n    with open('large', 'wb') as f:\n        f.truncate({FILE_BYTES + 2**20})\nfinally:\n    os.path.exists('large') and os.unlink('large')", ("limits",)),
    Attack("the disk, in many files", f"import os, shutil\nos.mkdir('much')\ntry:\n    for n in range({FILE_BYTES // 2**23 + 2}):\n        with open(f'much/{{n}}', 'wb') as f:\n            f.write(bytes(2**23))\nfinally:\n    shutil.rmtree('much')", ("private root",), runs_in_kernel=False),
    Attack("inodes", "import os, shutil\nos.mkdir('many')\ntry:\n    for n in range(16_500):\n        os.close(os.open(f'many/{n}', os.O_CREAT | os.O_WRONLY))\nfinally:\n    shutil.rmtree('many')", ("private root",)),
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_taking_more_than_is_allowed_fails(attack: Attack, stripped: Stripped, record: Record) -> None:
    try_attack(stripped, attack, {}, record)


def test_taking_more_than_is_allowed_fails_in_a_kernel_of_the_product(server: ForkServer) -> None:
    with server.start_kernel(None, Limits(memory_bytes=MEMORY_BYTES), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        told = errors_in_kernel(kernel, [each for each in ATTACKS if "grows" not in each.name], {})
    assert [name for name, stopped_by in told.items() if not stopped_by] == []


# --- time and output: limits that are kept from outside

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
OUTPUTS = {
    "printing": "for _ in range(60):\n    print('x' * 50_000)",
    "one display of many megabytes": "from IPython.display import HTML, display\ndisplay(HTML('x' * 3_000_000))",
    "an error of many megabytes": "raise ValueError('x' * 3_000_000)",
    "words of a program's own": "import os\nos.system('head -c 3000000 /dev/zero | tr \"\\\\0\" x')",
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_without_end_ends_its_kernel(server: ForkServer, name: str, record: Record) -> None:
    with server.start_kernel(None, Limits(output_bytes=2**26, cell_output_bytes=2**26, cell_timeout_s=300), _ENVIRONMENT) as kernel:
        without = len(str(kernel.run_cell(OUTPUTS[name]).outputs)) > 2_900_000
    with server.start_kernel(None, Limits(output_bytes=2**20), _ENVIRONMENT) as kernel:
        try:
            behind = len(str(kernel.run_cell(OUTPUTS[name]).outputs)) > 2_900_000
        except KernelStuckError:
            behind = False
    record(f"output: {name}", "output limit", without=without, behind=behind)


LOOPS = {
    "a loop": "while time.monotonic() < ends:\n    pass\nprint('over')",
    "a loop that swallows the interrupt": "while time.monotonic() < ends:\n    try:\n        while time.monotonic() < ends:\n            pass\n    except BaseException:\n        ends += 30\nprint('over')",
    "a regular expression": "import re\ntext = 'a' * 19 + 'b'\nwhile time.monotonic() < ends:\n    re.match('(a+)+$', text)\nprint('over')",
    "a number with millions of digits": "n = 10 ** 60_000\nwhile time.monotonic() < ends:\n    n * n % (n - 1)\nprint('over')",
    "a recursion": "def deep(n):\n    return deep(n + 1) if n < 900 else 0\nwhile time.monotonic() < ends:\n    deep(0)\nprint('over')",
}
"""By name, code that runs up to a time `ends`."""


def _lasting(name: str, seconds: float) -> str:
    return f"import time\nends = time.monotonic() + {seconds}\n{LOOPS[name]}"


def _is_over(run: CellRun) -> bool:
    return any(output.get("text") == "over\n" for output in run.outputs)


@pytest.mark.parametrize("name", LOOPS)
def test_time_without_end_is_cut_off(server: ForkServer, name: str, record: Record) -> None:
    with server.start_kernel(None, Limits(cell_timeout_s=60), _ENVIRONMENT) as kernel:
        without = _is_over(kernel.run_cell(_lasting(name, 0.5)))
    with server.start_kernel(None, Limits(cell_timeout_s=0.3), _ENVIRONMENT) as kernel:
        try:
            behind = _is_over(kernel.run_cell(_lasting(name, 600)))  # not over before the grader comes to look, however busy the machine
        except (KernelStuckError, KernelDiedError):
            behind = False
    record(f"time: {name}", "time limit", without=without, behind=behind)


def test_a_program_that_stops_itself_is_no_result(server: ForkServer, record: Record) -> None:
    stop = "import os, signal, subprocess\npid = os.getpid()\nif pid != 1:\n    os.kill(pid, signal.SIGSTOP)\nos.close(3)\nimport time\ntime.sleep(600)"
    plain = subprocess.Popen([sys.executable, "-c", stop])
    os.waitid(os.P_PID, plain.pid, os.WSTOPPED)
    plain.kill()
    plain.wait()
    with server.start_kernel(None, Limits(cell_timeout_s=0.3), _ENVIRONMENT) as kernel, pytest.raises((KernelStuckError, KernelDiedError)):
        kernel.run_cell(stop)
    record("a program that stops itself and says nothing", "time limit", without=plain.returncode == -9, behind=False)


# --- files that are small and grow when they are read


def test_folders_inside_one_another_break_an_ordinary_copy_and_not_ours(tmp_path: Path, record: Record) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    here = os.open(origin, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        shutil.copytree(origin, tmp_path / "plain")
        breaks = False
    except (RecursionError, OSError, shutil.Error):
        breaks = True
    with pytest.raises(CopyRefusedError, match="too deep"):
        copy_untrusted(origin, tmp_path / "ours", ignored=())
    record("folders inside one another", "safe copying", without=breaks, behind=(tmp_path / "ours").joinpath(*["d"] * 20).exists())
    for folder in (origin, tmp_path / "plain"):
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_a_sparse_file_and_many_files_are_refused(tmp_path: Path, record: Record) -> None:
    (tmp_path / "sparse").mkdir()
    with (tmp_path / "sparse" / "p1.ipynb").open("wb") as file:
        file.truncate(2**28)
    shutil.copytree(tmp_path / "sparse", tmp_path / "plain")
    with pytest.raises(CopyRefusedError, match="larger"):
        copy_untrusted(tmp_path / "sparse", tmp_path / "ours", ignored=(), maximum_bytes=2**22)
    taken = (tmp_path / "ours" / "p1.ipynb").stat().st_size
    record("a file of holes", "safe copying", without=(tmp_path / "plain" / "p1.ipynb").stat().st_size == 2**28, behind=taken > 2**23)
    (tmp_path / "many").mkdir()
    for number in range(60):
        (tmp_path / "many" / str(number)).touch()
    shutil.copytree(tmp_path / "many", tmp_path / "plain-many")
    with pytest.raises(CopyRefusedError, match="too many files"):
        copy_untrusted(tmp_path / "many", tmp_path / "ours-many", ignored=(), maximum_files=50)
    record(
        "very many files",
        "safe copying",
        without=len(os.listdir(tmp_path / "plain-many")) == 60,
        behind=len(os.listdir(tmp_path / "ours-many")) == 60,
    )


BOMBS = {
    "lists inside one another": '{"cells": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "objects inside one another": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "metadata inside one another": '{"cells": [], "metadata": ' + '{"a":' * 900 + "1" + "}" * 900 + ', "nbformat": 4, "nbformat_minor": 5}',
}


@pytest.mark.parametrize("name", BOMBS)
def test_nesting_in_a_notebook_is_a_diagnosed_refusal(desk: Desk, name: str, record: Record) -> None:
    try:
        nbformat.writes(nbformat.reads(BOMBS[name], as_version=4))
        breaks = False
    except Exception as error:  # noqa: BLE001 - whatever breaks nbformat
        breaks = not isinstance(error, DiagnosedError)
    source = desk.job("x = 1", "x = 1", "assert x == 1").source.notebooks[0]
    try:
        node, _ = rebuild_notebook(BOMBS[name], source, where="n.ipynb")
        escaped = len(nbformat.writes(node)) > 100_000
    except DiagnosedError:
        escaped = False
    record(f"a notebook of {name}", "reading of notebooks", without=breaks, behind=escaped)


def test_very_many_cells_end_at_the_submissions_limit(server: ForkServer, desk: Desk, tmp_path: Path, record: Record) -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time; time.sleep(0.05)") for _ in range(40)])
    job = desk.job("x = 1", "x = 1", "assert x == 1", limits=Limits(submission_timeout_s=600))
    short = job.model_copy(update={"limits": Limits(submission_timeout_s=0.4)})
    (tmp_path / "folder").mkdir()
    patient = run_forked(server, node, tmp_path / "folder", job)
    refused = run_forked(server, node, tmp_path / "folder", short)
    record("very many cells", "the submission's time limit", without=patient == "", behind=refused == "")
    assert "longer than" in str(refused)


def test_a_giant_attachment_is_not_carried_into_the_graded_notebook_beyond_the_limit(desk: Desk, record: Record) -> None:
    job = desk.job("x = 1", "x = 1", "assert x == 1", limits=Limits(output_bytes=2**20))
    path = Path(job.submission) / "n.ipynb"
    node = json.loads(path.read_text())
    node["cells"].append(
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": "![](a.png)",
            "id": "pic",
            "attachments": {"a.png": {"image/png": "A" * 3_000_000}},
        }
    )
    path.write_text(json.dumps(node), encoding="utf-8")
    from autograder.sealed.grading import grade_sealed

    patient = grade_sealed(job.model_copy(update={"limits": Limits(output_bytes=2**26)}), desk.servers)
    result = grade_sealed(job, desk.servers)
    record(
        "a giant attachment",
        "output limit",
        without=patient.status == "graded" and len(patient.notebooks[0].document) > 2**21,
        behind=len(result.notebooks[0].document) > 2**21,
    )
