"""The server as a process: several that answer, one secret, a restart that nobody notices."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from courses.errors import DiagnosedError
from issuer.errors import KeyFileError
from portal.site_making import make_site
from portal.web.cookie_secret import FILE_NAME, cookie_secret
from portal.web.public.verification_desk import DeskBusyError
from portal.web.serving import _FINISH_S, worker_count
from tests.portal.web.learner_site import ANA, LEARNERS, credential_of_ana, learner_site
from tests.portal.web.running import PEOPLE, free_port, running_portal
from tests.small_site import WANTED


@contextmanager
def _served(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
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
            process.wait(120)


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


def _workers(portal: psutil.Process) -> list[psutil.Process]:
    """Return the processes that answer, or are about to, once there are two; one that was killed is not seen."""
    deadline = time.monotonic() + 120
    while True:
        found = []
        for each in portal.children():
            with suppress(psutil.NoSuchProcess):
                if each.status() != psutil.STATUS_ZOMBIE:
                    found.append(each)
        if len(found) == 2:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_two_workers_answer_one_that_is_killed_is_replaced_and_all_end_together(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    with _served(site.root, "--workers", "2") as (address, process):
        parent = psutil.Process(process.pid)
        killed = _workers(parent)[0]
        killed.kill()
        psutil.wait_procs([killed], 60)
        assert killed not in _workers(parent)
        assert all(httpx.get(address + "healthz", timeout=60).status_code == 200 for _ in range(10))
        family = parent.children()
    assert process.returncode == 0
    assert not [each for each in family if each.is_running()]


def _half_a_check(address: str) -> tuple[socket.socket, bytes]:
    """Ask for a check of a credential as over a slow line: return the connection after half of what is sent, and the other half."""
    place = httpx.URL(address)
    body = b'{"type": "nothing"' + b" " * 5000 + b"}"
    head = f"POST /verify HTTP/1.1\r\nHost: {place.host}\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    connection = socket.create_connection((place.host, place.port or 80), timeout=60)
    connection.sendall(head.encode("ascii") + body[:2500])
    told = b""
    while not told.endswith(b"\r\n\r\n"):  # until the server has seen the beginning
        told += connection.recv(1)
        assert told, "the server closed the connection"
    assert told.startswith(b"HTTP/1.1 100"), told
    return connection, body[2500:]


def _rest_of(connection: socket.socket) -> str:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received.decode("utf-8")


def _until_refused(address: str) -> None:
    """Wait until nobody is accepted any more."""
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx.get(f"{address}healthz", timeout=30)
        except httpx.ConnectError:
            return
        except httpx.TransportError:
            pass  # it was closed before it was accepted
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ended_amid_a_check(site: Path, workers: str) -> tuple[str, float]:
    """Tell a portal to end amid a check; return what it answers to the rest, and how long all took, in seconds."""
    with _served(site, "--workers", workers) as (address, process):
        place = (httpx.URL(address).host, httpx.URL(address).port or 80)
        with socket.create_connection(place, timeout=60) as idle:  # accepted when the next one is
            connection, rest = _half_a_check(address)
            began, answer = time.monotonic(), ""
            with connection, suppress(ConnectionError):
                process.send_signal(signal.SIGTERM)
                _until_refused(address)
                assert idle.recv(100) == b""  # nothing was asked on it
                connection.sendall(rest)
                answer = _rest_of(connection)  # the server closes it
            took_s = time.monotonic() - began
        assert process.wait(60) == 0
    return answer, took_s


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.thorough), "2"])
def test_what_is_being_answered_is_finished_when_the_portal_is_told_to_end_and_nobody_else_is_accepted(
    tmp_path: Path, workers: str
) -> None:
    site = make_site(tmp_path / "site", WANTED)
    for _ in range(5):
        answer, took_s = _ended_amid_a_check(site.root, workers)
        if answer or took_s < _FINISH_S:
            break  # otherwise the machine stood still for longer than the portal waits
    assert answer.startswith("HTTP/1.1 200"), answer
    assert '"verdict"' in answer


@pytest.mark.thorough
def test_a_second_signal_ends_the_portal_at_once(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    took_s = _FINISH_S
    for _ in range(5):  # the machine may stand still for longer than the portal waits
        with _served(site.root, "--workers", "2") as (address, process):
            connection, _ = _half_a_check(address)
            with connection:
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                _until_refused(address)
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
                took_s = min(took_s, time.monotonic() - began)
        if took_s < _FINISH_S:
            break
    assert took_s < _FINISH_S


@pytest.mark.thorough
def test_workers_end_with_the_process_that_started_them_so_that_the_address_is_free_again(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    with _served(site.root, "--workers", "2") as (address, process):
        workers = _workers(psutil.Process(process.pid))
        process.kill()
        process.wait(60)
        assert psutil.wait_procs(workers, timeout=60)[1] == []
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((str(httpx.URL(address).host), httpx.URL(address).port or 80))


@pytest.mark.parametrize(("wanted", "cores", "count"), [(0, 1, 1), (0, 2, 2), (0, 64, 2), (5, 2, 5), (1, 8, 1)])
def test_two_processes_answer_where_there_are_two_cores_unless_the_site_says_otherwise(wanted: int, cores: int, count: int) -> None:
    assert worker_count(wanted, cores) == count


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
