"""The portal as a process: told to end, or killed, it leaves nobody behind that reads a stranger's file."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from portal.site_making import make_site
from tests.portal.web.checking.pictures import labyrinth_png
from tests.portal.web.running import free_port
from tests.small_site import WANTED

pytestmark = pytest.mark.slow


@contextmanager
def served(folder: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a portal; it may have ended when this does."""
    port = free_port()
    command = [sys.executable, "-m", "portal.cli", "serve", "--site", str(folder), "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(__file__).resolve().parents[4])
    address = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                httpx.get(address + "healthz", timeout=30)
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield address, process
    finally:
        process.kill()
        process.wait(60)


def checking(portal: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the zygotes of a portal and what they forked."""
    found: list[psutil.Process] = []
    for each in psutil.Process(portal.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "portal.web.checking.zygote" in each.cmdline():
                found.append(each)
    return found


def suspended(portal: subprocess.Popen[bytes], workers: int) -> list[psutil.Process]:
    """Wait until there is each worker's zygote, and one process that reads a picture; have that one go on for ever, and return all."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = checking(portal)
        with suppress(psutil.NoSuchProcess):
            reading = max(found, key=lambda each: each.create_time(), default=None)
            if reading is not None and len(found) > workers and reading.cpu_times().user >= 0.5:
                reading.suspend()
                return found
        time.sleep(0.005)
    raise AssertionError("no process reads the picture")


@pytest.mark.parametrize(
    "number", [*(pytest.param(each, marks=pytest.mark.thorough) for each in (signal.SIGTERM, signal.SIGINT)), signal.SIGKILL]
)
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_no_process_outlives_the_portal(tmp_path: Path, number: signal.Signals, workers: int) -> None:
    site = make_site(tmp_path / "site", WANTED)
    with served(site.root, workers) as (address, process):
        picture, is_seen = labyrinth_png(), threading.Event()

        def send() -> None:
            while not is_seen.is_set():  # again, if it was given up before it was seen
                with suppress(httpx.TransportError):
                    httpx.post(f"{address}verify", files={"file": ("x.png", picture)}, timeout=60)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            found = suspended(process, workers)
        finally:
            is_seen.set()
        process.send_signal(number)
        process.wait(60)
        sender.join(60)
        _, alive = psutil.wait_procs(found, 60)
        assert not alive
