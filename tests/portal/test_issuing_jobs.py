"""Issuing beside the server: one process a batch, and whoever finds its lock free knows that it has ended, however it did."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from courses.settings import Site, load_site
from issuer.batches import ISSUED, ISSUING
from portal.awarding import approve, prepare
from portal.batch_review import find_batch_facts
from portal.issuing_jobs import is_issuing, said_by_issuing, start_issuing
from tests.small_site import COURSE, NOW, enter_results, people, released_site

pytestmark = pytest.mark.slow


def test_a_batch_is_issued_by_one_process_at_a_time_and_a_killed_one_is_gone_on_with(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = _patient(released_site(tmp_path / "s", tmp_path_factory.getbasetemp()))
    enter_results(site, people(3))
    batch = prepare(site, COURSE, by="clerk", now=NOW).batch
    assert batch
    approve(site, batch, by="registrar", now=NOW)
    assert not is_issuing(site, batch)
    holder = sqlite3.connect(site.root / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")  # so that it is at it for as long as this process looks
    try:
        assert start_issuing(site, batch)
        assert is_issuing(site, batch)
        assert not start_issuing(site, batch), "one is at it"
        os.killpg(_process_of(batch), signal.SIGKILL)
        _until_ended(site, batch)
    finally:
        holder.close()
    assert find_batch_facts(site, batch).state in {"approved", ISSUING, ISSUED}, "either state, never another"
    looking = (site.root / "issuing" / f"{batch}.lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)  # as another process that looks in this moment
    assert not is_issuing(site, batch)
    threading.Timer(0.3, looking.close).start()
    assert start_issuing(site, batch), "it waits for who only looks"
    _until_ended(site, batch)
    facts = find_batch_facts(site, batch)
    assert (facts.state, facts.credentials) == (ISSUED, 3), said_by_issuing(site, batch)


def test_what_is_no_batch_names_no_file(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    with pytest.raises(ValueError, match="is no batch"):
        start_issuing(site, "../../etc/passwd")


def _patient(site: Site) -> Site:
    """Return the site with a ledger that is waited for longer than a machine stands still."""
    settings = site.root / "patunay.toml"
    text, zone = settings.read_text(encoding="utf-8"), 'timezone = "Asia/Manila"'
    assert zone in text
    settings.write_text(text.replace(zone, f'{zone}\nledger = "sqlite:///ledger.db?timeout=120"', 1), encoding="utf-8")
    return load_site(site.root)


def _process_of(batch: str) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if b"issue" in told and batch.encode() in told:
            return int(folder.name)
    raise AssertionError("no process issues the batch")


def _until_ended(site: Site, batch: str) -> None:
    deadline = time.monotonic() + 240
    while is_issuing(site, batch) and time.monotonic() < deadline:
        time.sleep(0.2)
