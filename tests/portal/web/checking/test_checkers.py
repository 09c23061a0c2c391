"""Processes that read strangers' files: one that never ends, one that eats memory, one that is killed. The next visitor is served each time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from autograder.errors import SubmissionError
from autograder.sandbox.landlock import landlock_abi
from courses.settings import Site
from issuer.verification import Verdict
from portal.exporting import Form, export_credential
from portal.uploads import Upload, Wanted
from portal.verifying import Examined
from portal.web.checking.checkers import Checkers, CheckLimits, Codes
from portal.web.checking.errors import CheckBrokenOffError, CheckTooLongError, CheckTooMuchError, DeskBusyError
from tests.portal.web.checking.pictures import as_bytes, labyrinth_png, plain_png, qr_picture
from tests.portal.web.public.conftest import issued_site

pytestmark = pytest.mark.slow
VISITOR = "192.0.2.1"
Story = Callable[[Checkers], Awaitable[None]]


@pytest.fixture(scope="module")
def issued_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, bytes]]:
    """A site, and a credential of it in every form."""
    site, numbers = issued_site(tmp_path_factory.mktemp("checkers") / "site", tmp_path_factory.getbasetemp())
    forms: tuple[Form, ...] = ("json", "png", "svg", "pdf")
    return site, {form: export_credential(site, numbers["ana"], form).content for form in forms}


def now() -> datetime:
    """Return the time: of the check, not of when this file was read, which may be before the site was made."""
    return datetime.now(UTC)


def play(site: Site, story: Story, **limits: float) -> None:
    """Run a story in a thread of its own: a browser's loop may run in this one. No process outlives it.

    Args:
        limits: those that the story is about; of the others there is more than in earnest, for machines that stand still now and then.
    """
    checkers = Checkers(site.root, CheckLimits(**{"time_s": 100.0, "cpu_s": 60} | limits))  # type: ignore[arg-type]

    async def whole() -> None:
        try:
            await story(checkers)
        finally:
            checkers.close()

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, whole()).result(300)


async def worker_of(checkers: Checkers) -> psutil.Process:
    """Return the process that checks now."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in psutil.Process(checkers.process_id).children() if checkers.process_id else ():
                if each.status() != psutil.STATUS_ZOMBIE and each.cpu_times().user > 0.5:  # no earlier one that ends just now
                    return each
        await asyncio.sleep(0.002)
    raise AssertionError("no process checks")


async def served(checkers: Checkers, credential: bytes) -> None:
    """Wait until a check is answered: on a busy machine the zygote may take longer to load than a check may take in a test."""
    deadline = time.monotonic() + 200
    while True:
        try:
            assert verdict(await checkers.check_file(credential, now(), asker=VISITOR)) is Verdict.VALID
            return
        except CheckTooLongError:
            assert time.monotonic() < deadline, "no check is answered"


@pytest.fixture(scope="module")
def slow_picture() -> bytes:
    """A picture that would take most of a minute to read."""
    return labyrinth_png()


def verdict(found: Examined | Codes) -> Verdict:
    assert isinstance(found, Examined)
    return found.report.verdict


def test_every_form_is_checked_and_its_document_is_the_one_that_was_signed(issued_files: tuple[Site, dict[str, bytes]]) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        checkers.learn([files["json"].decode(), "{}", "no document at all"])
        documents = []
        for form, data in files.items():
            found = await checkers.check_file(data, now(), asker=VISITOR)
            assert verdict(found) is Verdict.VALID, form
            assert isinstance(found, Examined)
            documents.append(found.document)
        assert all(each == documents[0] and each is not None for each in documents)
        assert verdict(await checkers.check_credential(files["json"], now(), asker=VISITOR)) is Verdict.VALID
        altered = await checkers.check_file(files["json"].replace(b"Ana", b"Eva"), now(), asker=VISITOR)
        assert isinstance(altered, Examined)
        assert (altered.report.verdict, altered.report.facts, altered.document) == (Verdict.ALTERED, None, None)
        assert await checkers.check_file(as_bytes(qr_picture("x")), now(), asker=VISITOR) == Codes(("x",))

    play(site, story)


def test_a_check_that_never_ends_is_ended_and_the_next_one_is_served(
    issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes
) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        await served(checkers, files["json"])
        check = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        worker = await worker_of(checkers)
        worker.suspend()  # it will never end by itself
        with pytest.raises(CheckTooLongError):
            await check
        await served(checkers, files["png"])
        await asyncio.to_thread(psutil.wait_procs, [worker], 60)
        assert not worker.is_running()

    play(site, story, time_s=20, at_once=1)


def test_a_file_that_eats_memory_is_given_up(issued_files: tuple[Site, dict[str, bytes]]) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        with pytest.raises(CheckTooMuchError):
            await checkers.check_file(plain_png(8_000, 7_900), now(), asker=VISITOR)
        assert verdict(await checkers.check_file(files["png"], now(), asker=VISITOR)) is Verdict.VALID

    play(site, story, memory_bytes=50 * 2**20)


def test_a_file_that_takes_too_much_of_the_processor_is_given_up(issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        with pytest.raises(CheckTooMuchError):
            await checkers.check_file(slow_picture, now(), asker=VISITOR)
        assert verdict(await checkers.check_file(files["json"], now(), asker=VISITOR)) is Verdict.VALID

    play(site, story, cpu_s=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=pytest.mark.thorough)])
def test_a_process_that_is_killed_is_told_and_costs_nobody_else_anything(
    issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes, number: signal.Signals
) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        await checkers.check_file(files["json"], now(), asker=VISITOR)
        zygote = psutil.Process(checkers.process_id)
        check = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        (await worker_of(checkers)).send_signal(number)
        other = asyncio.create_task(checkers.check_file(files["png"], now(), asker=VISITOR))
        with pytest.raises(CheckBrokenOffError):
            await check
        assert verdict(await other) is Verdict.VALID
        assert (checkers.process_id, zygote.is_running()) == (zygote.pid, True)

    play(site, story)


def test_a_zygote_that_is_killed_is_started_again(issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        await checkers.check_file(files["json"], now(), asker=VISITOR)
        zygote = psutil.Process(checkers.process_id)
        check = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        worker = await worker_of(checkers)
        zygote.kill()
        with pytest.raises(CheckBrokenOffError):
            await check
        assert verdict(await checkers.check_file(files["json"], now(), asker=VISITOR)) is Verdict.VALID
        await asyncio.to_thread(psutil.wait_procs, [worker], 60)
        assert not worker.is_running()
        assert checkers.process_id != zygote.pid

    play(site, story)


def test_who_leaves_takes_their_check_along(issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        check = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        worker = await worker_of(checkers)
        worker.suspend()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await asyncio.to_thread(psutil.wait_procs, [worker], 60)
        assert not worker.is_running()
        assert verdict(await checkers.check_file(files["json"], now(), asker=VISITOR)) is Verdict.VALID

    play(site, story, at_once=1)


def test_too_many_are_told_to_come_back(issued_files: tuple[Site, dict[str, bytes]]) -> None:
    site, files = issued_files

    async def story(checkers: Checkers) -> None:
        checks = [asyncio.create_task(checkers.check_file(files["json"], now(), asker=str(number))) for number in range(8)]
        found = await asyncio.gather(*checks, return_exceptions=True)
        assert sum(isinstance(each, DeskBusyError) for each in found) == 3
        assert sum(isinstance(each, Examined) for each in found) == 5
        assert verdict(await checkers.check_file(files["json"], now(), asker=VISITOR)) is Verdict.VALID

    play(site, story, at_once=2, waiting=5)


def test_what_learners_hand_in_is_sorted_out_while_all_places_of_strangers_are_taken(
    issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes
) -> None:
    site, files = issued_files
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ps1/answer.ipynb", notebook)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ps1/answer.ipynb", b"[" * 2 * 10**6)
    wanted = Wanted(("answer.ipynb", "data.csv"), 4 * 10**6)

    async def story(checkers: Checkers) -> None:
        taken = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        (await worker_of(checkers)).suspend()
        assert await checkers.sort_out([Upload("a.zip", packed.getvalue())], wanted, now(), learner="ana") == {"answer.ipynb": notebook}
        for hostile, told in ((bomb.getvalue(), "no notebook that can be read"), (files["png"], "no zip")):
            with pytest.raises(SubmissionError, match=told):
                await checkers.sort_out([Upload("a.zip", hostile)], wanted, now(), learner="ana")
        taken.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taken

    play(site, story, at_once=1)


def test_a_notebook_that_takes_too_much_to_read_is_given_up(issued_files: tuple[Site, dict[str, bytes]]) -> None:
    many = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [' + b",".join([b"{}"] * 5_000_000) + b"]}"

    async def story(checkers: Checkers) -> None:
        with pytest.raises(CheckTooMuchError):
            await checkers.sort_out([Upload("a.ipynb", many)], Wanted(("a.ipynb",), 25 * 2**20), now(), learner="ana")

    play(issued_files[0], story, cpu_s=5)


def test_none_is_left_when_the_checkers_are_closed(issued_files: tuple[Site, dict[str, bytes]], slow_picture: bytes) -> None:
    site, _ = issued_files
    seen: list[psutil.Process] = []

    async def story(checkers: Checkers) -> None:
        check = asyncio.create_task(checkers.check_file(slow_picture, now(), asker=VISITOR))
        seen.extend([await worker_of(checkers), psutil.Process(checkers.process_id)])
        checkers.close()
        with pytest.raises(CheckBrokenOffError):
            await check

    play(site, story)
    assert len(seen) == 2
    _, alive = psutil.wait_procs(seen, 60)
    assert not alive


_TRIES = """
import os, socket, sys
from datetime import UTC, datetime
from portal.web.checking.confining import confine
from portal.web.checking.orders import Order, Task
site, task, parent = sys.argv[1:]
confine(Order(Task(task), site, datetime.now(UTC), b""))
def can(do):
    try:
        do()
    except PermissionError:
        return "no"
    except OSError:
        return "yes"
    return "yes"
print(*(can(lambda: os.listdir(f"{site}/{name}") if os.path.isdir(f"{site}/{name}") else open(f"{site}/{name}").close()) for name in
    ("patunay.toml", "ledger.db", "keys", "credentials", "did.json", "status")),
    can(lambda: open("/etc/passwd").close()), can(lambda: open("/etc/shadow").close()), can(lambda: open(f"{site}/x", "w")),
    can(lambda: socket.create_connection(("127.0.0.1", 9), 1)), can(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()), can(lambda: os.kill(int(parent), 0)))
"""


@pytest.mark.parametrize(
    ("task", "published", "network"),
    [("take out", "no", "no"), ("sort out", "no", "no"), ("fetch", "no", "yes"), ("examine", "yes", "yes")],
)
def test_no_key_no_ledger_and_nobody_elses_process_is_in_reach(
    issued_files: tuple[Site, dict[str, bytes]], task: str, published: str, network: str
) -> None:
    if landlock_abi() < 6:
        pytest.skip("this kernel's Landlock does not hold TCP and signals")
    command = [sys.executable, "-c", _TRIES, str(issued_files[0].root), task, str(os.getpid())]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert answer.stdout.split() == ["no", "no", "no", "no", published, published, "yes", "no", "no", network, network, "no"]


def test_nothing_secret_is_in_the_environment_of_a_process(
    issued_files: tuple[Site, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, files = issued_files
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hush")

    async def story(checkers: Checkers) -> None:
        await checkers.check_file(files["json"], now(), asker=VISITOR)
        assert b"hush" not in Path(f"/proc/{checkers.process_id}/environ").read_bytes()

    play(site, story)
