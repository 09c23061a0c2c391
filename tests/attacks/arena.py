"""Where attacks are tried: the same source once with its defence taken away, where it must succeed, and once with it, where it must fail.

A file in this folder is a family of attacks. Each attack names the layers that stop it; `tests.attacks.stripped` runs it behind all of them, behind all but
those, and behind each of those alone, so that what the report says of a layer has been seen. `python -m tests.attacks.report` prints the table.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME_SPACES = ("network", "pid", "ipc", "uts")
LAYERS = (
    *NAME_SPACES,
    "private root",
    "limits",
    "no new privileges",
    "user",
    "capabilities",
    "landlock",
    "seccomp",
    "descriptors",
    "environment",
)
"""What can be taken away; the mount name space stays, or the private root would be the machine's."""

Record = Callable[..., None]
"""`record(attack's name, defence, without=..., behind=...)`: whether the attack succeeded without its defence, and with it. Refuses any other outcome."""


@dataclass(frozen=True)
class Attack:
    """Code that ends without an error if the attack succeeds."""

    name: str
    code: str
    """May use what stands in the world's `names`."""
    stopped_by: tuple[str, ...]
    """Layers each of which is enough to stop it. All of them are taken away at once to see it succeed."""
    also_off: tuple[str, ...] = ()
    """Layers that are off in every trial but the full one, because others rest on them or they hide what is tried."""
    runs_in_kernel: bool = True
    """Whether it is also tried as a cell of a real forked kernel, with other attacks."""


@dataclass(frozen=True)
class Trial:
    """What became of an attack."""

    succeeded: bool
    why: str
    """The error that stopped it, or the layer that could not be made."""


class Stripped:
    """A process that forks others behind chosen layers; see `tests.attacks.stripped`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.stripped"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "PATUNAY_SECRET": "hidden tests"},
        )

    def run(self, code: str, *, without: Sequence[str] = (), folder: Path | None = None, timeout_s: float = 120.0) -> Trial:
        """Run code in a process of its own that has all layers but those in `without`."""
        request = {"code": code, "without": list(without), "folder": str(folder) if folder else None, "timeout_s": timeout_s}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        assert told["began"], f"a layer could not be made: {told['why']}"
        return Trial(told["succeeded"], told["why"])

    def close(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(60)


def try_attack(
    stripped: Stripped,
    attack: Attack,
    names: dict[str, Any] | Callable[[], dict[str, Any]],
    record: Record,
    *,
    prepare: Callable[[], object] = lambda: None,
) -> None:
    """See the attack fail behind all layers, succeed without its own, and fail behind each of its own alone.

    Args:
        names: what the attack may name; called after each preparation where it is another one each time.
    """

    def run(*without: str) -> Trial:
        prepare()
        return stripped.run(f"{names_as_code(names() if callable(names) else names)}\n{attack.code}", without=without)

    mine = [layer for layer in attack.stopped_by if layer != "user" or os.geteuid() == 0]
    behind = run()
    without = run(*attack.stopped_by, *attack.also_off)
    assert without.succeeded, f"it does not even succeed without {attack.stopped_by}: {without.why}"
    for layer in mine:
        alone = run(*attack.also_off, *(each for each in attack.stopped_by if each != layer))
        assert not alone.succeeded, f"{layer} alone does not stop it"
    record(attack.name, ", ".join(attack.stopped_by), without=without.succeeded, behind=behind.succeeded)


def names_as_code(names: dict[str, Any]) -> str:
    """Return assignments of plain values."""
    return "\n".join(f"{name} = {value!r}" for name, value in names.items())


@contextlib.contextmanager
def outside_folder() -> Iterator[Path]:
    """Yield a folder that is neither a temporary one nor a library's: no process behind the layers has any business there."""
    made = Path(tempfile.mkdtemp(prefix="patunay-attacks-", dir="/var/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def errors_in_kernel(kernel: Any, attacks: Sequence[Attack], names: dict[str, Any]) -> dict[str, str]:
    """Run attacks as cells of one kernel; return by name what stopped each, empty if nothing did."""
    kernel.run_cell(names_as_code(names))
    told = {}
    for attack in attacks:
        if attack.runs_in_kernel:
            outputs = kernel.run_cell(attack.code).outputs
            told[attack.name] = next((f"{each['ename']}: {each['evalue']}" for each in outputs if each["output_type"] == "error"), "")
    return told
