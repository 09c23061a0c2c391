"""A real hub that `patunay hub` starts while a test looks at it, and people with browsers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

_FETCH = """async ([method, path]) => {
  const token = (document.cookie.split('; ').find(each => each.startsWith('_xsrf=')) || '_xsrf=').slice(6);
  const answer = await fetch(path, {method, headers: {'X-XSRFToken': token}});
  return [answer.status, await answer.text()];
}"""
PATIENCE_MS = 240_000


@dataclass
class RunningHub:
    """A hub that answers."""

    address: str
    """Without a slash at its end."""
    site: Path
    process: subprocess.Popen[str]
    told: str
    """What `patunay hub` said until it was ready."""

    def password(self) -> str:
        """Return the password of trying out."""
        return (self.site / "hub" / "try-out-password").read_text(encoding="ascii").strip()

    def sign_in(self, browser: Browser, name: str, password: str = "", **context: Any) -> Page:
        """Return a new browser's page of `name`, who has signed in and is where that leads."""
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{self.address}/hub/login")
        page.fill("#username_input", name)
        page.fill("#password_input", password or self.password())
        page.click("#login_submit")
        page.wait_for_url("**/services/portal/**")
        return page

    def descendants(self) -> list[psutil.Process]:
        """Return every process of the hub: itself, its proxy, its services, people's servers."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def environment_of(self, *words: str) -> dict[str, str]:
        """Return the environment of the hub's process with these words in its command line."""
        found = self.find_process(*words)
        assert found, words
        return dict(found.environ())

    def find_process(self, *words: str) -> psutil.Process | None:
        """Return the hub's process with these words in its command line, None if it does not run now."""
        for each in self.descendants():
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie, or gone meanwhile
                if set(words) <= set(each.cmdline()):
                    return each
        return None


def ask(page: Page, method: str, path: str) -> tuple[int, str]:
    """Return status and text of what the page's own server answers to its browser."""
    status, text = page.evaluate(_FETCH, [method, path])
    return int(status), str(text)


@contextlib.contextmanager
def running_hub(site: Path, *options: str, python: str = sys.executable) -> Iterator[RunningHub]:
    """Run `patunay hub` for the site, with these options, until it is no longer looked at."""
    port = free_ports(4)
    command = [python, "-m", "portal.cli", "hub", "--site", str(site), "--port", str(port), *options]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "400"}) as process:
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if "The hub is at" in line:
                break
        else:
            raise AssertionError(f"the hub did not start:\n{told}")
        try:
            yield RunningHub(f"http://127.0.0.1:{port}", site, process, told)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()
            process.wait(120)


def free_ports(count: int) -> int:
    """Return a port of this machine that is free with the next ones, `count` in all."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 18400 + (os.getppid() + worker) % 40 * 40  # workers of a test run have one parent: each looks at places of its own
    for port in range(first, first + 400, 4):
        with contextlib.ExitStack() as stack:
            try:
                for number in range(port, port + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
        return port
    raise AssertionError("no free ports")


def wait_gone(processes: list[psutil.Process], *, seconds: float = 60) -> list[str]:
    """Return the command lines of those that still run after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes):
        time.sleep(0.2)
    return [" ".join(each.cmdline()) for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def address_told(told: str) -> str:
    """Return the address in what `patunay hub` said."""
    found = re.search(r"http://\S+", told)
    assert found
    return found[0]
