"""Commands that take minutes, run beside the server for one course: the gate, a release, a regrade, a report, a comparison.

Each kind of work has at most one process a course. In `<course directory>/.patunay/background/` lie, for each kind, a lock that the process holds as long as it
lives, what it was asked (`.json`), and what it said (`.out`, `.err`): whoever finds the lock free knows that it ended, and it succeeded if what it said is
whole. So nothing has to be remembered in the server, which may end and start meanwhile. Files are their owner's alone: they may show hidden tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from courses.storage import diagnosed_storage, write_atomically
from portal.process_lock import is_held, lock_to_hand_over
from portal.stored_json import find_json

_KIND = re.compile(r"[a-z][a-z0-9-]{0,99}")
_SHOWN_BYTES = 4000
_NICE = 5
"""Pages come first."""


class WorkState(Enum):
    """How far a piece of work is."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Work:
    """The last piece of work of a kind."""

    state: WorkState = WorkState.NONE
    by: str = ""
    started_at: datetime | None = None
    about: Mapping[str, str] | None = None
    """What it was asked, as `start_work` was told; None if there was none."""
    result: Any = None
    """What it said, as JSON values, if it is done."""
    said: str = ""
    """The end of what it said beside the result: why it failed."""

    @property
    def is_running(self) -> bool:
        """Whether a process is at it now."""
        return self.state is WorkState.RUNNING


NO_WORK = Work()


def start_work(
    course_root: Path, kind: str, command: Sequence[str], *, by: str, now: datetime, about: Mapping[str, str] | None = None
) -> bool:
    """Start `command` and return whether none of its kind was running.

    Args:
        command: arguments of this Python; on success it prints one JSON value to stdout and nothing else.
        by: who wants it.
        about: what is to be remembered of the wish.

    Raises:
        StorageError: the folder cannot be written.
    """
    place = _place(course_root, kind)
    with diagnosed_storage(place.parent), lock_to_hand_over(_file(place, "lock")) as descriptor:
        if descriptor is None:
            return False
        told = {"by": by, "started_at": now.isoformat(), "about": dict(about or {})}
        write_atomically(_file(place, "json"), json.dumps(told), mode=0o600)
        process = _started(place, command, descriptor)
        _give_way(process.pid)
        threading.Thread(target=process.wait, name=f"background {kind}", daemon=True).start()  # so that no dead process lingers
        return True


def find_work(course_root: Path, kind: str) -> Work:
    """Return the last work of a kind, `NO_WORK` if there is none that can be read."""
    place = _place(course_root, kind)
    running = is_held(_file(place, "lock"))
    try:
        told = json.loads(_file(place, "json").read_text(encoding="utf-8"))
        by, started_at, about = str(told["by"]), datetime.fromisoformat(told["started_at"]), dict(told["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return NO_WORK
    if running:
        return Work(WorkState.RUNNING, by, started_at, about, said=_said(place))
    result = _result(place)
    if result is None:
        return Work(WorkState.FAILED, by, started_at, about, said=_said(place))
    return Work(WorkState.DONE, by, started_at, about, result, _said(place))


def _started(place: Path, command: Sequence[str], descriptor: int) -> subprocess.Popen[bytes]:
    with _private(_file(place, "out")) as out, _private(_file(place, "err")) as err:
        return subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            pass_fds=(descriptor,),
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")},  # it speaks to no hub
        )


def _give_way(process: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, process, _NICE)
    except OSError:  # it ended already, or the machine does not let us
        return


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "wb")


def _result(place: Path) -> Any:
    return find_json(_file(place, "out"))


def _said(place: Path) -> str:
    try:
        text = _file(place, "err").read_bytes()[-_SHOWN_BYTES:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = (line.rpartition("\r")[2].rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _place(course_root: Path, kind: str) -> Path:
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of work")
    return course_root / ".patunay" / "background" / kind


def _file(place: Path, end: str) -> Path:
    return place.with_name(f"{place.name}.{end}")
