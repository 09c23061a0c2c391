"""What learner code tries from inside a forked kernel, and what stops it. Source of the list: our notes on notebook sandboxes, attacks 1 to 36."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.errors import ForkServerDiedError
from autograder.execution.fork_server import ForkServer, Kernel
from autograder.jobs import Limits
from autograder.sandbox.isolation import LAYERS

pytestmark = pytest.mark.slow

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "IPYTHONDIR": "/tmp/ipython"}
LIMITS = Limits(cell_timeout_s=120, memory_bytes=2**30, output_bytes=2**21)
_PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer([]) as running:
        yield running


@pytest.fixture
def kernel(server: ForkServer) -> Iterator[Kernel]:
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as running:
        yield running


def error_of(kernel: Kernel, code: str) -> str:
    """Return the error's name that `code` ends in, or what it printed if it succeeded."""
    outputs = kernel.run_cell(code).outputs
    return next((str(output["ename"]) for output in outputs if output["output_type"] == "error"), f"succeeded: {outputs}")


def test_every_layer_is_there(kernel: Kernel) -> None:
    assert {name: state.split()[0] for name, state in kernel.layers.items() if name != "user"} == dict.fromkeys(
        ("name spaces", "private root", "limits", "no new privileges", "capabilities", "landlock", "seccomp"), "ok"
    )
    assert tuple(kernel.layers) == LAYERS
    if os.geteuid() == 0:
        assert kernel.layers["user"].startswith("ok 21")


def test_the_graders_files_are_not_there(kernel: Kernel, tmp_path: Path) -> None:
    secret = tmp_path / "gradebook.db"
    secret.write_text("hidden tests", encoding="utf-8")
    secret.chmod(0o644)
    assert error_of(kernel, f"open({str(secret)!r}).read()") == "FileNotFoundError"
    assert error_of(kernel, "open('/etc/shadow').read()") == "FileNotFoundError"
    assert error_of(kernel, "open('/usr/lib/mark', 'w')") in {"PermissionError", "OSError"}


def test_there_is_no_network(kernel: Kernel) -> None:
    assert error_of(kernel, "import socket; socket.create_connection(('192.0.2.1', 80), 2)") == "OSError"
    assert (
        error_of(kernel, "import socket; socket.socket(40, socket.SOCK_STREAM)") == "PermissionError"
    )  # AF_VSOCK leads to the machine's host
    assert error_of(kernel, "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)") == "PermissionError"


def test_a_service_on_the_machines_own_loopback_is_out_of_reach(kernel: Kernel) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert error_of(kernel, f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)") == "ConnectionRefusedError"
        socket.create_connection(("127.0.0.1", port), 2).close()  # it is there for us


def test_no_other_process_is_seen_or_touched(kernel: Kernel) -> None:
    outputs = kernel.run_cell("import os; print(os.getpid(), sorted(int(n) for n in os.listdir('/proc') if n.isdigit()))").outputs
    assert outputs[0]["text"].startswith("1 [1]")
    assert error_of(kernel, f"import os; os.kill({os.getpid()}, 9)") == "ProcessLookupError"


def test_no_descriptor_of_the_grader_is_inherited(kernel: Kernel) -> None:
    code = "import os\nfor n in sorted(map(int, os.listdir('/proc/self/fd'))):\n    try:\n        print(n, os.readlink(f'/proc/self/fd/{n}'))\n    except OSError:\n        pass"
    lines = kernel.run_cell(code).outputs[0]["text"].splitlines()
    targets = {line.split(" ", 1)[1].split(":")[0] for line in lines}
    assert targets <= {"/dev/null", "/null", "socket", "pipe", "anon_inode", "/memfd", "/proc/1/fd"}
    assert sum(" socket" in line for line in lines) <= 3  # the channel, and asyncio's own pair


def test_the_environment_holds_nothing_of_the_graders(kernel: Kernel) -> None:
    outputs = kernel.run_cell(
        "import os; print(sorted(os.environ)); print(open('/proc/self/environ').read() if os.access('/proc/self/environ', 4) else '')"
    ).outputs
    assert "PATUNAY" not in outputs[0]["text"]
    assert "SSH" not in outputs[0]["text"]
    assert str(Path.home()) not in outputs[0]["text"].replace("'HOME'", "")


@pytest.mark.parametrize(
    "call",
    [
        "unshare(0x10000000)",
        "setns(0, 0)",
        "ptrace(0, 0, 0, 0)",
        "syscall(425, 8, 0)",
        "syscall(321, 0, 0, 0)",
        "chroot(b'/')",
        "mount(0, b'/', 0, 32, 0)",
    ],
)
def test_calls_that_open_the_kernel_up_are_refused(kernel: Kernel, call: str) -> None:
    code = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.{call}, ctypes.get_errno())"
    assert kernel.run_cell(code).outputs[0]["text"].strip() == "-1 1"


def test_a_daemon_does_not_outlive_its_kernel(server: ForkServer) -> None:
    name = f"daemon{os.getpid()}{time.monotonic_ns()}"
    start = f"import subprocess; p = subprocess.Popen(['/bin/bash', '-c', 'exec -a {name} sleep 300'], start_new_session=True); p.poll()"
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
        kernel.run_cell(start)
        assert _becomes(name, running=True)  # it does run while the kernel lives
    assert _becomes(name, running=False)


def _running(name: str) -> bool:
    return any(process.info["cmdline"] and process.info["cmdline"][0] == name for process in psutil.process_iter(["cmdline"]))


def _becomes(name: str, *, running: bool) -> bool:
    """Whether such a program comes to run, or to be gone, in a time in which a busy machine starts or ends one."""
    ends = time.monotonic() + _PATIENCE_S
    while _running(name) != running:
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def test_kernels_die_with_the_fork_server_even_if_it_is_killed() -> None:
    name = f"orphan{os.getpid()}{time.monotonic_ns()}"
    start = f"import subprocess; p = subprocess.Popen(['/bin/bash', '-c', 'exec -a {name} sleep 300'], start_new_session=True)"
    with ForkServer([]) as doomed:
        kernel = doomed.start_kernel(None, LIMITS, ENVIRONMENT)
        kernel.run_cell(start)
        assert _becomes(name, running=True)
        os.kill(doomed.process_id, signal.SIGKILL)
        assert _becomes(name, running=False)
        with pytest.raises(ForkServerDiedError, match="fork server ended"):
            kernel.run_cell("1")
        kernel.close()


def test_a_fork_bomb_runs_into_its_limit_and_the_next_kernel_starts(server: ForkServer) -> None:
    bomb = "import os, time\nwhile True:\n    try:\n        if os.fork() == 0:\n            time.sleep(60); os._exit(0)\n    except OSError as e:\n        print('stopped', e.errno); break"
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
        assert "stopped 11" in "".join(output.get("text", "") for output in kernel.run_cell(bomb).outputs)
        with server.start_kernel(None, LIMITS, ENVIRONMENT) as other:
            assert other.run_cell("1 + 1").outputs[0]["data"]["text/plain"] == "2"


def test_too_much_memory_is_an_error_in_the_cell(kernel: Kernel) -> None:
    assert error_of(kernel, "x = bytearray(3 * 2**30)") == "MemoryError"


def test_a_full_disk_is_the_kernels_own(kernel: Kernel) -> None:
    code = "with open('/tmp/big', 'wb') as f:\n    for _ in range(400):\n        f.write(bytes(2**20))"
    assert error_of(kernel, code) == "OSError"


def test_forged_messages_end_the_run_or_count_for_nothing(server: ForkServer) -> None:
    for code in (
        "import os; os.write(3, b'not json\\n'); 'fine'",
        'import os; os.write(3, b\'{"type": "execute_reply", "parent": "guess", "content": {"status": "ok"}}\\n\'); 1 / 0',
        "import os; os.write(3, b'[' * 100000 + b'\\n'); 'fine'",
    ):
        with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
            run = kernel.run_cell(code)
            assert run.reply["status"] == ("error" if "1 / 0" in code else "ok")
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
        flood = kernel.run_cell("import os\nwhile True:\n    os.write(3, b'x' * 100000)")
        assert flood.exceeded is not None
        assert (flood.exceeded.limit, [output for output in flood.outputs if output["output_type"] != "error"]) == ("output_bytes", [])
