"""Reading what is not the learner's: the gradebook, the tests, other people's work, the grader's memory and descriptors."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.execution.fork_server import ForkServer
from autograder.jobs import Limits
from tests.attacks.arena import Attack, Record, Stripped, errors_in_kernel, try_attack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_PLACES = ("private root", "landlock")
_PROCESS = ("user", "capabilities", "landlock")
_SECRET = "hidden tests"

ATTACKS = (
    Attack("the gradebook by its path", f"assert {_SECRET!r} in open(site + '/gradebook.db').read()", _PLACES),
    Attack("the tests in the source folder", f"assert {_SECRET!r} in open(site + '/source/ps1/p1.ipynb').read()", _PLACES),
    Attack("another learner's work", "assert 'his answer' in open(site + '/submitted/ben/ps1/p1.ipynb').read()", _PLACES),
    Attack("another learner's work through a link", "import os\nos.symlink(site + '/submitted/ben/ps1/p1.ipynb', 'mine.ipynb')\nassert 'his answer' in open('mine.ipynb').read()", _PLACES),
    Attack("another learner's work through a hard link", "import os\nos.link(site + '/submitted/ben/ps1/p1.ipynb', site + '/open/mine.ipynb')\nassert 'his answer' in open(site + '/open/mine.ipynb').read()", _PLACES, also_off=("user", "capabilities")),
    Attack("who else takes the course", "import os\nassert os.listdir(site + '/submitted') == ['ben']", _PLACES),
    Attack("whether a file of the grader's is there, and how large", "import os\nassert os.stat(site + '/gradebook.db').st_size", ("private root",)),
    Attack("the users' password file", "assert open('/etc/shadow').read()", ("user", *_PLACES), also_off=("capabilities",)),
    Attack("the grader's command line", "assert b'hidden' in open(f'/proc/{victim}/cmdline', 'rb').read()", ("private root",)),
    Attack("the grader's environment", "assert b'HIDDEN=tests' in open(f'/proc/{victim}/environ', 'rb').read()", ("private root", "user", "capabilities")),
    Attack("the grader's memory by its file", "with open(f'/proc/{victim}/mem', 'rb') as memory:\n    memory.seek(address)\n    assert memory.read(12) == b'hidden tests'", ("private root", *_PROCESS)),
    Attack(
        "the grader's memory by a call",
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nclass Part(ctypes.Structure):\n    _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]\ntaken = ctypes.create_string_buffer(12)\nours, theirs = Part(ctypes.addressof(taken), 12), Part(address, 12)\nassert libc.process_vm_readv(victim, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) == 12, ctypes.get_errno()\nassert taken.raw == b'hidden tests'",
        ("pid", "seccomp", *_PROCESS),
    ),
    Attack("the grader's working folder through /proc", f"assert {_SECRET!r} in open(f'/proc/{{victim}}/cwd/gradebook.db').read()", ("private root", *_PROCESS)),
    Attack(
        "the grader's open files by a call",
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nhandle = libc.syscall(434, victim, 0)\nassert handle >= 0, ctypes.get_errno()\nassert libc.syscall(438, handle, 0, 0) >= 0, ctypes.get_errno()",
        ("pid", "seccomp", *_PROCESS),
    ),
    Attack("a descriptor that was open when the kernel was forked", "import os\nassert os.pread(77, 12, 0) == b'hidden tests'", ("descriptors",)),
    Attack("a secret in the grader's environment", "import os\nassert os.environ['PATUNAY_SECRET'] == 'hidden tests'", ("environment",)),
    Attack("a shared memory segment by its key", "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nfound = libc.shmget(key, 0, 0)\nassert found >= 0\nassert ctypes.string_at(libc.shmat(found, None, 0o10000), 12) == b'hidden tests'", ("ipc",)),
    Attack("a shared memory file", "assert open('/dev/shm/' + shared).read() == 'hidden tests'", ("private root",)),
    Attack("the temporary files of the machine", "assert open('/tmp/' + shared).read() == 'hidden tests'", ("private root",)),
)  # fmt: skip

_VICTIM = "import ctypes, sys, time\nheld = ctypes.create_string_buffer(b'hidden tests')\nprint(ctypes.addressof(held), flush=True)\ntime.sleep(3600)"


def lay_out(outside: Path) -> Iterator[dict[str, Any]]:
    """Yield what the attacks name: a site in `outside` and a program that holds a secret."""
    for name, text in (("gradebook.db", _SECRET), ("source/ps1/p1.ipynb", _SECRET), ("submitted/ben/ps1/p1.ipynb", "his answer")):
        (outside / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / name).write_text(text, encoding="utf-8")
    (outside / "open").mkdir()
    (outside / "open").chmod(0o777)
    shared = [Path("/dev/shm", f"patunay-{os.getpid()}"), Path("/tmp", f"patunay-{os.getpid()}")]
    for path in shared:
        path.write_text(_SECRET, encoding="utf-8")
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    key = 0x70000000 | os.getpid()
    segment = libc.shmget(key, 4096, 0o1666)
    held = libc.shmat(segment, None, 0)
    ctypes.memmove(held, b"hidden tests", 12)
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, "hidden"], stdout=subprocess.PIPE, cwd=outside, env={**os.environ, "HIDDEN": "tests"}
    )
    assert victim.stdout is not None
    address = int(victim.stdout.readline())
    yield {"site": str(outside), "shared": shared[0].name, "key": key, "victim": victim.pid, "address": address}
    victim.kill()
    victim.communicate()
    libc.shmdt(ctypes.c_void_p(held))
    libc.shmctl(segment, 0, None)
    for path in shared:
        path.unlink()


@pytest.fixture(scope="module")
def names(outside: Path) -> Iterator[dict[str, Any]]:
    yield from lay_out(outside)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_reading_fails_behind_each_of_its_layers(attack: Attack, stripped: Stripped, names: dict[str, Any], record: Record) -> None:
    (Path(names["site"]) / "open" / "mine.ipynb").unlink(missing_ok=True)
    try_attack(stripped, attack, names, record, prepare=lambda: (Path(names["site"]) / "open" / "mine.ipynb").unlink(missing_ok=True))


def test_all_reading_fails_in_a_kernel_of_the_product(server: ForkServer, names: dict[str, Any]) -> None:
    with server.start_kernel(None, Limits(), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        told = errors_in_kernel(kernel, ATTACKS, names)
    assert [name for name, stopped_by in told.items() if not stopped_by] == []
