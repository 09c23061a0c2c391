"""Out of the sandbox: other name spaces, other processes, the network, the kernel's rarer calls."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.execution.fork_server import ForkServer
from autograder.jobs import Limits
from tests.attacks.arena import Attack, Record, Stripped, errors_in_kernel, try_attack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

_CALL = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.syscall.restype = ctypes.c_long\ndef call(number, *more):\n    found = libc.syscall(ctypes.c_long(number), *more)\n    if found < 0:\n        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))\n    return found\n"
_NUMBERS = {
    "x86_64": {"unshare": 272, "ptrace": 101, "bpf": 321, "perf": 298, "userfaultfd": 323, "io_uring": 425, "add_key": 248, "personality": 135, "clone3": 435, "handle": 303, "syslog": 103},
    "aarch64": {"unshare": 97, "ptrace": 117, "bpf": 280, "perf": 241, "userfaultfd": 282, "io_uring": 425, "add_key": 217, "personality": 92, "clone3": 435, "handle": 264, "syslog": 116},
}[os.uname().machine]  # fmt: skip
NUMBER: dict[str, int] = _NUMBERS
_ROOT = ("user", "capabilities")

ATTACKS = (
    Attack("a user name space of one's own", f"{_CALL}call({NUMBER['unshare']}, 0x10000000)", ("seccomp",)),
    Attack(
        "a name space by clone3, whose flags a filter cannot see",
        f"{_CALL}import struct\nflags = ctypes.create_string_buffer(struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0))\npid = call({NUMBER['clone3']}, flags, ctypes.c_size_t(88))\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)",
        ("seccomp",),
    ),
    Attack("a mount of one's own", f"{_CALL}assert libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None) == 0, os.strerror(ctypes.get_errno())", ("seccomp", "landlock", *_ROOT)),
    Attack("another root folder", "import os\nos.chroot('/tmp')", ("seccomp", *_ROOT)),
    Attack(
        "the machine's own network name space",
        f"{_CALL}handle = os.open(f'/proc/{{victim}}/ns/net', os.O_RDONLY)\nassert libc.setns(handle, 0) == 0, os.strerror(ctypes.get_errno())",
        ("private root", "seccomp", "landlock", *_ROOT),
    ),
    Attack(
        "a program that runs as the administrator", "import subprocess\nassert subprocess.check_output([setuid_id, '-u']).strip() == b'0'",
        ("no new privileges", "private root"), also_off=("seccomp", "capabilities"),
    ),
    Attack("a device node of the disk", "import os, stat\nos.mknod('node', 0o600 | stat.S_IFBLK, os.makedev(254, 0))", ("seccomp", "landlock", *_ROOT)),
    Attack("a file by its inode instead of its path", f"{_CALL}handle = ctypes.create_string_buffer(136)\nhandle[0] = 128\ntaken = ctypes.c_int()\ncall({NUMBER['handle']}, -100, b'/', handle, ctypes.byref(taken), 0)", ("seccomp",)),
    Attack("the machine's log by its device", "open('/dev/kmsg').close()", ("private root", "landlock", "user"), also_off=("capabilities",)),
    Attack("the kernel's log by its call", f"{_CALL}call({NUMBER['syslog']}, 3, ctypes.create_string_buffer(100), 100)", ("seccomp", "user"), also_off=("capabilities",)),
    Attack("settings of the running kernel", "open('/proc/sys/kernel/hostname', 'w').write('x')", ("landlock", "user"), also_off=("capabilities",)),
    Attack("the machine's devices in /sys", "import os\nassert os.listdir('/sys/class')", ("private root", "landlock")),
    Attack("another user's terminal", "import os\nos.close(os.open(terminal, os.O_RDWR | os.O_NOCTTY))", ("private root", "user")),
    Attack("a debugger on one's own programs", f"{_CALL}import signal, time\nlibc.prctl(4, 1, 0, 0, 0)\npid = os.fork()\nif pid == 0:\n    time.sleep(300)\n    os._exit(0)\ntry:\n    call({NUMBER['ptrace']}, 0x4206, pid, 0, 0)\nfinally:\n    os.kill(pid, 9)\n    os.waitpid(pid, 0)", ("seccomp",)),
    Attack("code in the kernel by bpf", f"{_CALL}call({NUMBER['bpf']}, 0, ctypes.create_string_buffer(b'\\x02\\0\\0\\0\\x04\\0\\0\\0\\x04\\0\\0\\0\\x01', 72), 72)", ("seccomp", "user"), also_off=("capabilities",)),
    Attack("performance events", f"{_CALL}import struct\nos.close(call({NUMBER['perf']}, ctypes.create_string_buffer(struct.pack('IIQ', 1, 112, 0), 112), 0, -1, -1, 0))", ("seccomp",), also_off=("user", "capabilities")),
    Attack("faults handled by the attacker", f"{_CALL}os.close(call({NUMBER['userfaultfd']}, 1))", ("seccomp",)),
    Attack("rings of system calls, which no filter sees", f"{_CALL}os.close(call({NUMBER['io_uring']}, 8, ctypes.create_string_buffer(120)))", ("seccomp", "limits")),
    Attack("a key in the kernel's key ring", f"{_CALL}call({NUMBER['add_key']}, b'user', b'mark', b'x', ctypes.c_size_t(1), -2)", ("seccomp",)),
    Attack("addresses that are not random", f"{_CALL}call({NUMBER['personality']}, 0x0040000)", ("seccomp",)),
    Attack("the machine's host by its own sockets", "import socket\nsocket.socket(40, socket.SOCK_STREAM).close()", ("seccomp",)),
    Attack("raw packets", "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()", ("seccomp", *_ROOT)),
    Attack("a service on the machine's loopback", "import socket\nsocket.create_connection(('127.0.0.1', port), 3).close()", ("network",)),
    Attack("words to the world by UDP", "import socket\nwith socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n    s.connect(('192.0.2.1', 53))\n    assert not s.getsockname()[0].startswith('127.')", ("network",)),
    Attack("a nameless socket of the machine", "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n    s.connect('\\0' + nameless)", ("network", "landlock")),
    Attack("a container engine's socket", "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n    s.connect(named)", ("private root",)),
    Attack("a debugger on the grader", f"{_CALL}call({NUMBER['ptrace']}, 0x4206, victim, 0, 0)", ("pid", "seccomp", "landlock", *_ROOT)),
    Attack("the name of the machine", "import socket\nsocket.sethostname('mine')", ("seccomp", *_ROOT)),
)  # fmt: skip


def lay_out(outside: Path) -> Iterator[dict[str, Any]]:
    """Yield what the attacks name: sockets, a terminal, a program of another user, a victim."""
    program = outside / "identify"
    shutil.copyfile("/usr/bin/id", program)
    program.chmod(0o4755)
    master, terminal = os.openpty()
    with (
        socket.create_server(("127.0.0.1", 0)) as loopback,
        socket.socket(socket.AF_UNIX) as nameless,
        socket.socket(socket.AF_UNIX) as named,
    ):
        nameless.bind(f"\0patunay-{os.getpid()}")
        nameless.listen()
        named.bind(str(outside / "engine.sock"))
        Path(outside / "engine.sock").chmod(0o777)
        named.listen()
        victim = subprocess.Popen(["sleep", "3600"])
        yield {
            "victim": victim.pid, "setuid_id": str(program), "port": loopback.getsockname()[1], "nameless": f"patunay-{os.getpid()}",
            "named": str(outside / "engine.sock"), "terminal": os.ttyname(terminal),
        }  # fmt: skip
        victim.kill()
        victim.wait()
    os.close(master)
    os.close(terminal)


@pytest.fixture(scope="module")
def names(outside: Path) -> Iterator[dict[str, Any]]:
    yield from lay_out(outside)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_escape_fails_behind_each_of_its_layers(attack: Attack, stripped: Stripped, names: dict[str, Any], record: Record) -> None:
    try_attack(stripped, attack, names, record)


def test_every_escape_fails_in_a_kernel_of_the_product(server: ForkServer, names: dict[str, Any]) -> None:
    with server.start_kernel(None, Limits(), {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}) as kernel:
        told = errors_in_kernel(kernel, ATTACKS, names)
    assert [name for name, stopped_by in told.items() if not stopped_by] == []
