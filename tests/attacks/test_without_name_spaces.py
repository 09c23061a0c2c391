"""The families of attacks on a machine that allows no name spaces: Landlock, the system-call filter and limits hold alone.

Each family is also run where only the container's profile holds, to see that its attacks would succeed there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.arena import Record
from tests.attacks.restricted import Restricted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("attacks"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user and give up rights"),
]
ROLES = (pytest.param("user", marks=pytest.mark.thorough), "container")

SEEN = {
    "whether a file of the grader's is there, and how large",
}
"""What succeeds without name spaces, as docs/explanation/sandbox.md says."""
WITHOUT_EFFECT = {"the rights of the gradebook", "the time of one's own submission", "another program's processor"}
"""What the filter lets succeed and do nothing."""
BARE = {
    "reading": {"the gradebook by its path", "the tests in the source folder", "another learner's work", "the grader's environment", "a shared memory segment by its key", "a shared memory file"},
    "escaping": {"a service on the machine's loopback", "words to the world by UDP", "a nameless socket of the machine", "a container engine's socket", "the machine's devices in /sys"},
    "tampering": {"a better score in the gradebook", "another learner's submission deleted", "the rights of the gradebook", "another program killed", "another program slowed down", "another program's limits"},
}  # fmt: skip


@contextlib.contextmanager
def _open_folder() -> Iterator[Path]:
    """Yield a folder that every user reaches; pytest's own ones are root's alone."""
    made = Path(tempfile.mkdtemp(prefix="patunay-restricted-", dir="/var/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module", params=ROLES)
def restricted(request: pytest.FixtureRequest) -> Iterator[Restricted]:
    with _open_folder() as folder:
        made = Restricted(request.param, folder)
        yield made
        left = made.ask(do="close")
        made.close()
    assert [name for name in left if name.startswith("patunay-scratch-zygote")] == []


@pytest.mark.parametrize("family", BARE)
def test_a_family_of_attacks_fails(restricted: Restricted, family: str, record: Record) -> None:
    told = restricted.ask(do="family", family=family)
    assert "failure" not in told, told
    assert set(told["bare"]) >= BARE[family]
    behind = set(told["behind"]) - (set() if told["effects"] else WITHOUT_EFFECT)
    assert behind <= SEEN, told
    for name in sorted(set(told["bare"]) - SEEN):
        record(f"without name spaces: {name}", "landlock, seccomp", without=True, behind=name in behind)


def test_taking_more_than_is_allowed_fails(restricted: Restricted) -> None:
    told = restricted.ask(do="family", family="exhausting")
    assert "failure" not in told, told
    assert set(told["behind"]) <= {"inodes"}  # they are counted from outside: see the next test


@pytest.mark.parametrize(
    "code",
    [
        "import time\nfor n in range(8):\n    open(f'{n}', 'wb').write(bytes(2**22))\ntime.sleep(500)",
        "import os, time\nfor n in range(17_000):\n    os.close(os.open(f'{n}', os.O_CREAT | os.O_WRONLY))\ntime.sleep(500)",
        "import os, time\nfor n in range(3_000):\n    os.mkdir('d')\n    os.chdir('d')\ntime.sleep(500)",
    ],
    ids=["bytes", "files", "depth"],
)
def test_a_kernel_that_fills_the_disk_is_ended_and_its_folder_removed(restricted: Restricted, code: str) -> None:
    assert "the kernel ended" in restricted.ask(do="fill", code=code)


def test_nothing_is_left_behind(restricted: Restricted) -> None:
    told = restricted.ask(do="survive")
    assert "failure" not in told, told
    assert set(told["bare"]) >= {"a program in a session of its own", "a daemon by two forks", "a segment of shared memory"}
    assert told["behind"] == []


REACH = """
def reach(pids, places):
    import ctypes, os
    found = []
    me, own = os.getpid(), set(map(int, os.listdir('/proc/self/task')))
    for pid in [*pids, *sorted({*range(max(2, me - 2000), me + 2000)} - own - set(pids))]:
        for what, act in (
            ('signal', lambda: os.kill(pid, 0)),
            ('memory', lambda: open(f'/proc/{pid}/mem', 'rb').close()),
            ('environment', lambda: open(f'/proc/{pid}/environ', 'rb').close()),
            ('command', lambda: open(f'/proc/{pid}/cmdline', 'rb').close()),
            ('descriptors', lambda: os.listdir(f'/proc/{pid}/fd')),
            ('folder', lambda: os.listdir(f'/proc/{pid}/cwd')),
        ):
            try:
                act()
                found.append((pid, what))
            except OSError:
                pass
    for place in places:
        try:
            found.append(os.listdir(place))
        except OSError:
            pass
    return found[:9]
"""


def test_a_sealed_answer_reaches_neither_the_examiner_nor_the_coordinator(restricted: Restricted, record: Record) -> None:
    places = [str(restricted.temporary), "/tmp", "/proc", "/"]
    answer = f"{REACH}\nfound = reach([{restricted.process_id}], {places!r})\ndef square(n):\n    return str(found) if found else n * n"
    status, reason, points, told = restricted.ask(
        do="grade", solution="def square(n):\n    return n * n", answer=answer, test="assert square(3) == 9"
    )
    bare = restricted.ask(
        do="bare",
        code=f"{REACH}\nfound = reach([{restricted.process_id}], {places!r})\nassert (({restricted.process_id}, 'signal') in found)",
    )
    assert status == "graded", reason
    assert points == [2.0], told
    record(
        "without name spaces: a candidate's reach for the examiner", "landlock, seccomp", without=bare["succeeded"], behind=points != [2.0]
    )


def test_a_wrong_answer_earns_nothing(restricted: Restricted) -> None:
    told = restricted.ask(
        do="grade", solution="def square(n):\n    return n * n", answer="def square(n):\n    return n + n", test="assert square(3) == 9"
    )
    assert told[0] == "graded"
    assert told[2] == [0.0]


def test_an_examiner_is_out_of_reach_for_a_kernel_beside_it(restricted: Restricted) -> None:
    answer = restricted.run("import os\nprint(sorted(os.listdir('..')))\nos.listdir('../..')")
    assert answer["outputs"][-1]["ename"] == "PermissionError"


def test_the_report_says_which_layers_are_missing_and_why(restricted: Restricted) -> None:
    layers = restricted.run("1")["layers"]
    missing = {name for name, state in layers.items() if state.startswith("missing")}
    assert missing == {"name spaces", "private root", *(("user",) if restricted.role == "user" else ())}
    assert "unshare" in layers["name spaces"]
    assert "no sockets" in layers["seccomp"]


def test_a_site_that_demands_a_sandbox_grades_and_is_told_what_is_missing(restricted: Restricted) -> None:
    told = restricted.ask(do="engine")
    assert told["sandbox"].startswith("fork of one kernel")
    assert "without name spaces, private root" in told["sandbox"]
    state, why, remedy = told["found"]["layer: name spaces"]
    assert state == "warning"
    assert "unshare" in why
    assert "seccomp profile" in remedy


def test_an_ordinary_notebook_works(restricted: Restricted) -> None:
    code = "import subprocess, tempfile, threading, os, signal\nprint(subprocess.check_output(['echo', 'a']).decode())\n" \
        "t = threading.Thread(target=print, args=('b',)); t.start(); t.join()\n" \
        "with tempfile.NamedTemporaryFile('w') as f: f.write('c')\nopen('d', 'w').write('d')\nos.kill(os.getpid(), 0)\n" \
        "p = subprocess.Popen(['sleep', '60']); p.kill(); print(p.wait())"  # fmt: skip
    outputs = restricted.run(code)["outputs"]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert "-9" in str(outputs)


OLDER = {
    "a signal": "import os\nos.kill(victim, 0)",
    "a signal by a thread's number": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.syscall(234, victim, victim, 0) == 0",
    "a signal with a value": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.sigqueue(victim, 0, 0) == 0",
    "a signal by a handle": "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(victim), 0)",
    "a signal by a descriptor's owner": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, victim)",
    "a file cut short": "import os\nos.truncate(path, 0)",
    "a file cut short when it is opened": "import os\nos.close(os.open(path, os.O_RDONLY | os.O_TRUNC))",
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of its calls")
@pytest.mark.parametrize("abi", [1, 3, 5])
def test_an_older_landlock_is_made_up_for_by_the_filter(restricted: Restricted, abi: int, record: Record) -> None:
    path = restricted.temporary / f"file-{abi}"
    path.touch()
    path.chmod(0o666)
    for name, attack in OLDER.items():
        if abi >= 3 and "file" in name:
            continue
        code = f"victim, path = {restricted.process_id}, {str(path)!r}\n{attack}"
        without = restricted.ask(do="bare", code=code)
        assert without["succeeded"], without
        behind = restricted.ask(do="older", code=code, abi=abi)
        record(f"Landlock {abi}: {name}", "seccomp", without=True, behind=behind == "")
    own = "import os, threading, signal\nos.kill(os.getpid(), 0)\nsignal.pthread_kill(threading.get_ident(), 0)\nopen('mine', 'w').close()"
    assert restricted.ask(do="older", code=own, abi=abi) == ""


@pytest.mark.parametrize("role", ROLES)
def test_a_kernel_without_landlock_forks_nothing_and_says_so(role: str) -> None:
    with _open_folder() as folder:
        made = Restricted(role, folder, "landlock_create_ruleset")
        told: Any = made.ask(do="kernel", code="1", folder=None)
        engine = made.ask(do="engine")
        made.close()
    assert "no Landlock in this Linux kernel" in engine["refusal"]
    assert "Landlock" in engine["found"]["forked kernels"][2]
    assert "no Landlock in this Linux kernel" in told["failure"]


_WHOLE_FAMILIES = ("test_verdict_forging.py", "test_lying_to_the_wire.py", "test_attacked_course.py")


@pytest.mark.thorough
@pytest.mark.parametrize("role", ROLES)
def test_whole_families_against_sealed_grading_fail_as_elsewhere(role: str) -> None:
    with _open_folder() as folder:
        folder.chmod(0o777)
        files = [str(Path(__file__).with_name(name)) for name in _WHOLE_FAMILIES]
        arguments = ["-q", "-p", "no:cacheprovider", "--basetemp", f"{folder}/pytest", *files]
        program = f"import os, sys\nfrom tests.attacks import restricted\nrestricted.take_rights({role!r})\nos.umask(0o022)\nrestricted.refuse([])\nimport pytest\nsys.exit(pytest.main({arguments!r}))"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},  # what the run outside was told
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
