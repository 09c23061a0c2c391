"""The server as a process: several that answer, one secret, a restart that nobody notices."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from courses.errors import DiagnosedError
from issuer.errors import KeyFileError
from portal.site_making import make_site
from portal.web.cookie_secret import FILE_NAME, cookie_secret
from portal.web.public.verification_desk import DeskBusyError
from tests.portal.web.learner_site import ANA, LEARNERS, credential_of_ana, learner_site
from tests.portal.web.running import PEOPLE, running_portal
from tests.small_site import WANTED


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "-m", "portal.cli", "serve", "--site", str(folder), "--port", str(port), *options]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=Path(__file__).resolve().parents[3])
        address = f"http://127.0.0.1:{port}/"
        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    httpx.get(address + "healthz", timeout=30)
                    break
                except httpx.TransportError:
                    assert process.poll() is None, (folder / "said").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            yield address, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = cookie_secret(tmp_path / "keys")
    assert len(first) == 64
    assert cookie_secret(tmp_path / "keys") == first
    assert stat.S_IMODE((tmp_path / "keys" / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short\n", b"x" * 65])
def test_a_secret_that_is_not_what_was_written_is_refused(tmp_path: Path, content: bytes) -> None:
    cookie_secret(tmp_path / "keys")
    (tmp_path / "keys" / FILE_NAME).write_bytes(content)
    with pytest.raises(KeyFileError, match="not the portal's secret"):
        cookie_secret(tmp_path / "keys")


def test_a_secret_that_others_could_have_read_is_refused(tmp_path: Path) -> None:
    cookie_secret(tmp_path / "keys")
    (tmp_path / "keys" / FILE_NAME).chmod(0o640)
    with pytest.raises(KeyFileError, match="others can get at"):
        cookie_secret(tmp_path / "keys")


def test_a_busy_desk_says_what_to_do() -> None:
    busy = DeskBusyError()
    assert isinstance(busy, DiagnosedError)
    assert busy.remedy


@pytest.mark.slow
def test_two_workers_answer_one_that_is_killed_is_replaced_and_all_end_together(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    with _served(site.root, "--workers", "2") as (address, process):
        parent = psutil.Process(process.pid)
        workers = parent.children()
        assert len(workers) == 2
        os.kill(workers[0].pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len({each.pid for each in parent.children() if each.status() != psutil.STATUS_ZOMBIE} - {workers[0].pid}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert all(httpx.get(address + "healthz", timeout=60).status_code == 200 for _ in range(10))
        family = parent.children()
    assert process.returncode == 0
    assert not [each for each in family if each.is_running()]


@pytest.mark.slow
def test_a_wallets_address_and_a_sign_in_outlive_a_restart(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = learner_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    people = (*PEOPLE, *LEARNERS)
    with running_portal(site, people=people, cookie_secret=cookie_secret(site.keys)) as running:
        client = running.visitor("ana")
        page = client.get(f"my/credentials/{credential_of_ana(site)}/wallet").text
        cookies = dict(client.cookies)
    found = re.search(r"/(wallet/[A-Za-z0-9_-]{20,600})", page)
    assert found
    with running_portal(site, people=people, cookie_secret=cookie_secret(site.keys)) as running:
        assert running.visitor().get(found[1]).json()["credentialSubject"]["name"] == ANA.name
        assert httpx.get(f"{running.address}my", cookies=cookies, timeout=60).status_code == 200
    with running_portal(site, people=people) as stranger:
        assert stranger.visitor().get(found[1]).status_code == 404
