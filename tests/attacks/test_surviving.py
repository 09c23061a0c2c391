"""Outliving one's own grading: programs that go on running, files and memory that the next learner's kernel would meet."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from autograder.execution.fork_server import ForkServer
from autograder.jobs import Limits
from tests.attacks.arena import Record, Stripped, names_as_code

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_GONE_S = 30.0


@dataclass(frozen=True)
class Survivor:
    """Code that leaves something behind, and whether it is there afterwards."""

    code: str
    is_there: Callable[[Path, str], bool]
    stopped_by: tuple[str, ...]
    also_off: tuple[str, ...] = ("user", "capabilities")


def _runs(_site: Path, mark: str) -> bool:
    return any(mark in (process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))


def _stays(path: str) -> Callable[[Path, str], bool]:
    return lambda site, mark: Path(path.format(site=site, mark=mark)).exists()


def _segment(_site: Path, mark: str) -> bool:
    return int(ctypes.CDLL(None).shmget(_key(mark), 0, 0)) >= 0


def _key(mark: str) -> int:
    return 0x60000000 | zlib.crc32(mark.encode()) & 0xFFFFFFF


_PLACES = ("private root", "landlock")
SURVIVORS = {
    "a program in a session of its own": Survivor("import subprocess\nsubprocess.Popen(['/bin/sh', '-c', 'sleep 120; :', mark], start_new_session=True)", _runs, ("pid",)),
    "a daemon by two forks": Survivor("import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execv('/bin/sh', ['sh', '-c', 'sleep 120; :', mark])\n    os._exit(0)\nos.wait()", _runs, ("pid",)),
    "a program that ignores every request to end": Survivor("import os\nif os.fork() == 0:\n    import signal\n    for n in (1, 2, 3, 13, 15):\n        signal.signal(n, signal.SIG_IGN)\n    os.setsid()\n    os.execv('/bin/sh', ['sh', '-c', 'sleep 120; :', mark])", _runs, ("pid",)),
    "a program that forks away from whoever follows it": Survivor("import os, time\nif os.fork() == 0:\n    os.setsid()\n    for _ in range(40):\n        if os.fork():\n            os._exit(0)\n        time.sleep(0.002)\n    os.execv('/bin/sh', ['sh', '-c', 'sleep 120; :', mark])\ntime.sleep(0.4)", _runs, ("pid",)),
    "a start-up file of IPython": Survivor("import os\nos.makedirs(home + '/.ipython/profile_default/startup', exist_ok=True)\nopen(home + '/.ipython/profile_default/startup/' + mark + '.py', 'w').write('x = 1')", _stays("{site}/home/.ipython/profile_default/startup/{mark}.py"), _PLACES),
    "a file that Python runs at its start": Survivor("open(library + '/' + mark + '.pth', 'w').write('import os')", _stays("{site}/library/{mark}.pth"), _PLACES),
    "a compiled module in the place of a library's": Survivor("open(library + '/' + mark + '.pyc', 'wb').write(b'x')", _stays("{site}/library/{mark}.pyc"), _PLACES),
    "a file in the machine's temporary folder": Survivor("open('/tmp/' + mark, 'w').write('x')", _stays("/tmp/{mark}"), ("private root",)),
    "a file in shared memory": Survivor("open('/dev/shm/' + mark, 'w').write('x')", _stays("/dev/shm/{mark}"), ("private root",)),
    "a segment of shared memory": Survivor("import ctypes\nassert ctypes.CDLL(None).shmget(key, 4096, 0o1666) >= 0", _segment, ("ipc",)),
    "a job for the machine's clock": Survivor("open(spool + '/' + mark, 'w').write('* * * * * root true')", _stays("{site}/spool/{mark}"), _PLACES),
}  # fmt: skip


@pytest.fixture(scope="module")
def site(outside: Path) -> Path:
    made = outside / "surviving"
    for name in ("home", "library", "spool"):
        (made / name).mkdir(parents=True)
    return made


@pytest.fixture
def mark(site: Path) -> Iterator[str]:
    made = f"patunay{os.getpid()}x{time.monotonic_ns()}"
    yield made
    clear_away(site, made)


def clear_away(site: Path, mark: str) -> None:
    """End and remove what survived under that mark."""
    for process in psutil.process_iter(["cmdline"]):
        if mark in (process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
    for path in [*site.rglob(f"{mark}*"), Path("/tmp", mark), Path("/dev/shm", mark)]:
        path.unlink(missing_ok=True)
    libc = ctypes.CDLL(None)
    if (segment := libc.shmget(_key(mark), 0, 0)) >= 0:
        libc.shmctl(segment, 0, None)


def _names(site: Path, mark: str) -> str:
    places = {name: str(site / name) for name in ("home", "library", "spool")}
    return names_as_code({**places, "mark": mark, "key": _key(mark)})


def _is_left(survivor: Survivor, site: Path, mark: str) -> bool:
    """Whether it is there and stays; what is killed may take a moment to be gone."""
    ends = time.monotonic() + _GONE_S
    while survivor.is_there(site, mark):
        if survivor.is_there is not _runs or time.monotonic() > ends:
            return True
        time.sleep(0.02)
    return False


def _appears(survivor: Survivor, site: Path, mark: str) -> bool:
    """Whether it is there, or is so after a moment: a daemon needs one to become the program that is looked for."""
    ends = time.monotonic() + _GONE_S
    while not survivor.is_there(site, mark):
        if survivor.is_there is not _runs or time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("name", SURVIVORS)
def test_nothing_is_left_behind(name: str, stripped: Stripped, site: Path, mark: str, record: Record) -> None:
    survivor = SURVIVORS[name]
    code = f"{_names(site, mark)}\n{survivor.code}"
    stripped.run(code)
    behind = _is_left(survivor, site, mark)
    for layer in survivor.stopped_by:
        stripped.run(code, without=[*survivor.also_off, *(each for each in survivor.stopped_by if each != layer)])
        assert not _is_left(survivor, site, mark), f"{layer} alone does not stop it"
    stripped.run(code, without=[*survivor.also_off, *survivor.stopped_by])
    record(name, ", ".join(survivor.stopped_by), without=_appears(survivor, site, mark), behind=behind)


def test_nothing_is_left_behind_by_a_kernel_of_the_product(server: ForkServer, site: Path, mark: str) -> None:
    with server.start_kernel(None, Limits(), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        kernel.run_cell(_names(site, mark))
        for survivor in SURVIVORS.values():
            kernel.run_cell(survivor.code)
    assert [name for name, survivor in SURVIVORS.items() if _is_left(survivor, site, mark)] == []


def test_what_waits_for_the_kernels_end_does_not_delay_it(server: ForkServer) -> None:
    with server.start_kernel(None, Limits(), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        kernel.run_cell(
            "import atexit, time, threading, signal\natexit.register(time.sleep, 600)\nsignal.signal(15, signal.SIG_IGN)\nthreading.Thread(target=time.sleep, args=(600,)).start()"
        )
        process = psutil.Process(kernel_pid(kernel))
    assert psutil.wait_procs([process], timeout=_GONE_S)[1] == []


def kernel_pid(kernel: object) -> int:
    """Return the process id of a kernel."""
    handle = kernel._handle  # type: ignore[attr-defined]
    [line] = [line for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines() if line.startswith("Pid:")]
    return int(line.split()[1])
