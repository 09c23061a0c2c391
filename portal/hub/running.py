"""Starts a hub, says when it answers, and ends all of it: the hub, its proxy, its services, and everybody's Jupyter servers.

This process stays beside the hub as the "subreaper" of everything that the hub starts (prctl(2), PR_SET_CHILD_SUBREAPER): what is left over when the hub has gone, even
killed, becomes a child of this process, and is ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.syscalls import prctl
from courses.errors import SettingsError
from courses.settings import Site
from portal.hub.configuration import ADDRESS_VARIABLE
from portal.hub.secret_files import hub_folder
from portal.web.portal_site import TRY_OUT_VARIABLE

_SET_CHILD_SUBREAPER = 36
_START_S, _END_S, _LEFT_OVER_S = 180.0, 60.0, 5.0
_PAUSE_S = 1.0
_LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class HubStart:
    """How a hub is started."""

    site: Site
    address: str
    port: int
    try_out: bool

    @property
    def place(self) -> str:
        """The address for a browser on this machine."""
        return f"http://{'127.0.0.1' if self.address in {'0.0.0.0', ''} else self.address}:{self.port}/"  # noqa: S104 - compared, not listened on

    @property
    def log(self) -> Path:
        """Where the hub's own messages go."""
        return self.site.root / "hub" / "hub.log"

    def command(self) -> list[str]:
        """Return the hub's command line."""
        own = Path(__file__).with_name("servers") / "try_out" / "jupyterhub_config.py"
        return [sys.executable, "-m", "jupyterhub", "-f", str(own if self.try_out else self.site.root / "jupyter_config.py")]

    def environment(self) -> dict[str, str]:
        """Return the hub's environment."""
        programs = str(Path(sys.executable).parent)
        path = os.environ.get("PATH", os.defpath)
        return {
            **{
                name: value for name, value in os.environ.items() if name not in {"JUPYTER_CONFIG_PATH", "PATUNAY_COURSE", TRY_OUT_VARIABLE}
            },
            "PATH": path if programs in path.split(os.pathsep) else f"{programs}{os.pathsep}{path}",
            "PATUNAY_HUB_SITE": str(self.site.root),
            ADDRESS_VARIABLE: f"{self.address}:{self.port}",
            **({TRY_OUT_VARIABLE: "1"} if self.try_out else {}),
        }


def run_hub(start: HubStart, *, started: Callable[[str], None]) -> None:
    """Run the hub until this process is told to end (SIGINT, SIGTERM), then end all that it started.

    Args:
        started: gets the address when hub and portal answer.

    Raises:
        SettingsError: a hub of this site runs already, the hub does not come up, or it ended by itself.
    """
    with _only_one(start.site.root), _asked_to_end() as is_asked:
        prctl(_SET_CHILD_SUBREAPER, 1)
        with start.log.open("ab") as log:
            hub = subprocess.Popen(
                start.command(), cwd=start.site.root / "hub", env=start.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )  # fmt: skip
        try:
            if _wait_until_ready(start, hub, is_asked):
                started(start.place)
            while hub.poll() is None and not is_asked():
                time.sleep(0.2)
            if not is_asked():
                raise _ended(start, hub.returncode)
        finally:
            _end(hub)


@contextlib.contextmanager
def _only_one(root: Path) -> Iterator[None]:
    with (hub_folder(root) / "running").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            lock.seek(0)
            who = lock.read().strip()
            raise SettingsError(
                f"a hub of this site runs already{f' (process {who})' if who else ''}",
                where=str(root),
                remedy="Use it, or end it with Ctrl+C there, then run the same command again.",
            ) from taken
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextlib.contextmanager
def _asked_to_end() -> Iterator[Callable[[], bool]]:
    asked: list[int] = []
    before = {number: signal.signal(number, lambda received, _: asked.append(received)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_until_ready(start: HubStart, hub: subprocess.Popen[bytes], is_asked: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _START_S
    places = [f"{start.place}hub/api/", f"{start.place}services/portal/"]
    while places and not is_asked():
        if hub.poll() is not None:
            raise _ended(start, hub.returncode)
        if time.monotonic() > deadline:
            raise SettingsError(f"the hub does not answer after {_START_S:.0f} s", where=places[0], remedy=f"Look into {start.log}.")
        if _answers(places[0]):
            places.pop(0)
        else:
            time.sleep(_PAUSE_S)
    return not places


def _answers(place: str) -> bool:
    try:
        with urllib.request.urlopen(place, timeout=10):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def _ended(start: HubStart, code: int) -> SettingsError:
    lines = start.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    told = "\n".join(lines)
    return SettingsError(f"the hub ended by itself (code {code})", where="jupyterhub", remedy=f"The last lines of {start.log}:\n{told}")


def _end(hub: subprocess.Popen[bytes]) -> None:
    """End the hub, which ends what it started; then what is left over."""
    if hub.poll() is None:
        hub.terminate()
        try:
            hub.wait(_END_S)
        except subprocess.TimeoutExpired:
            hub.kill()
            hub.wait()
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _LEFT_OVER_S
        while _signal_children(number) and time.monotonic() < deadline:
            time.sleep(0.1)


def _signal_children(number: int) -> bool:
    """Signal every process that became a child of this one, bury the dead, and return whether any were left."""
    found = False
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
        found = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), number)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(int(child), os.WNOHANG)
    return found
