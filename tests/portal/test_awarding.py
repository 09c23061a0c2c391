"""Awarding through real processes and databases: killed in the middle, run twice at once, in whatever order."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from courses.settings import Site, load_site
from issuer.audit import find_break
from issuer.credential_files import file_name
from issuer.errors import BatchError, LedgerError
from issuer.ledger import AuditEntry, Consent, credentials_of, open_ledger
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict
from portal.awarding import approve, batch_rows, batches, is_enrolled, issue, prepare, record_consent
from portal.governing import revoke
from portal.verifying import verify_source
from tests.portal.commands import command, environment
from tests.small_site import COURSE, NOW, Someone, change_score, enter_results, people, released_site

pytestmark = pytest.mark.slow

MANY = 60


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return released_site(tmp_path / "site", tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site where sixty learners passed; copied by every test that needs it."""
    site = released_site(tmp_path_factory.mktemp("crowd") / "site", tmp_path_factory.getbasetemp())
    enter_results(site, people(MANY))
    return site.root


@pytest.fixture
def approved(crowd: Path, tmp_path: Path) -> tuple[Site, str]:
    """A copy of the crowded site with an approved batch of everyone."""
    shutil.copytree(crowd, tmp_path / "site")
    site = load_site(tmp_path / "site")
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    assert len(prepared.new) == MANY
    approve(site, prepared.batch, by="Ben", now=NOW)
    return site, prepared.batch


def nobody_looks(_done: int, _all: int) -> None:
    """Progress that nobody looks at."""


def issued_rows(site: Site) -> list[tuple[str, int, int]]:
    with sqlite3.connect(f"file:{site.root / 'ledger.db'}?mode=ro", uri=True, timeout=30) as connection:
        found = connection.execute("SELECT learner, status_list, status_index FROM credential").fetchall()
    connection.close()
    return found


def start_issuing(site: Site, batch: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("batch", "issue", batch), cwd=site.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def assert_each_has_exactly_one(site: Site) -> None:
    rows = issued_rows(site)
    assert sorted(learner for learner, _, _ in rows) == sorted(each.id for each in people(MANY))
    assert len({(number, index) for _, number, index in rows}) == MANY
    with open_ledger(site.ledger_url) as session:
        assert find_break(session) is None
        assert len(list(session.scalars(select(AuditEntry).where(AuditEntry.action == "batch issued")))) == 1
        resolver = FolderResolver(site.root, authoritative=True)
        for credential in credentials_of(session):
            for ending in ("json", "png", "pdf"):
                path = site.root / "credentials" / f"{file_name(credential.id)}.{ending}"
                result = verify_source(str(path), resolver=resolver, now=datetime.now(UTC))
                assert result.report is not None, result.problem
                assert result.report.verdict is Verdict.VALID
    assert len(list((site.root / "credentials").iterdir())) == 3 * MANY, "a half-written file was left"


@pytest.mark.thorough
@pytest.mark.parametrize("moment", ["first commit", "published some"])
def test_a_process_killed_in_the_middle_of_issuing_loses_and_doubles_nothing(
    moment: str, approved: tuple[Site, str], tmp_path: Path
) -> None:
    before, batch = approved

    def reached(site: Site) -> bool:
        if moment == "first commit":
            return len(issued_rows(site)) >= 50
        return len(list((site.root / "credentials").glob("*.pdf"))) >= 10

    for trial in range(5):  # where the machine stands still it may be done before it is killed
        site = load_site(shutil.copytree(before.root, tmp_path / f"trial-{trial}"))
        process = start_issuing(site, batch)
        while process.poll() is None and not reached(site):
            time.sleep(0.005)
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            break
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    signed = {row[0]: row for row in issued_rows(site)}
    assert len(signed) >= 50
    withdrawn = sorted(signed)[0]
    with open_ledger(site.ledger_url) as session:
        name = next(each.id for each in credentials_of(session) if each.learner == withdrawn)
    again = start_issuing(site, batch)
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err.decode()
    assert f"{MANY - len(signed)} credentials are issued now, {len(signed)} were before" in out.decode()
    assert_each_has_exactly_one(site)
    assert {row[0]: row for row in issued_rows(site)}.items() >= signed.items(), "what was signed stays"
    assert revoke(site, name, reason="a mistake", by="Ben", now=NOW)
    assert prepare(site, COURSE, by="Ana", now=NOW).batch is None
    assert prepare(site, COURSE, by="Ana", now=NOW).withdrawn == (withdrawn,)


def test_two_processes_that_issue_the_same_batch_at_once_issue_it_once(approved: tuple[Site, str]) -> None:
    site, batch = approved
    processes = [start_issuing(site, batch) for _ in range(2)]
    outcomes = [(process.communicate(timeout=300), process.returncode) for process in processes]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    issued = sum(int(out.decode().split(" ", 1)[0]) for (out, _), _ in outcomes)
    assert issued == MANY
    assert_each_has_exactly_one(site)


@pytest.mark.thorough
def test_two_processes_that_prepare_at_once_do_not_lead_to_two_awards(crowd: Path, tmp_path: Path) -> None:
    shutil.copytree(crowd, tmp_path / "site")
    site = load_site(tmp_path / "site")
    arguments = ("batch", "prepare", COURSE, "--by", "Ana")
    processes = [
        subprocess.Popen(command(*arguments), cwd=site.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [(process.communicate(timeout=300)[1].decode(), process.returncode) for process in processes]
    assert all(code == 0 or (code == 1 and "Run the command again" in err) for err, code in told), told
    for row in batches(site):
        try:
            approve(site, row[0], by="Ben", now=NOW)
            issue(site, row[0], now=NOW, progress=nobody_looks)
        except BatchError as refused:
            assert "another batch" in str(refused) or "is void" in str(refused)
    assert len(issued_rows(site)) == MANY
    assert len({learner for learner, _, _ in issued_rows(site)}) == MANY


def test_the_whole_way_and_again(site: Site) -> None:
    enter_results(site, (*people(2), Someone("waits", "Waits Still", (2.0, 8.0, 6.0, None))))
    record_consent(site, "learner000", COURSE, show_name=True, channel="form", now=NOW)
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert (prepared.state, prepared.new) == ("prepared", ("learner000", "learner001"))
    assert prepared.batch is not None
    assert [row.name for row in batch_rows(site, prepared.batch)] == ["Ligaya Numero000", None]
    assert approve(site, prepared.batch[:8], by="Ben", now=NOW) == (prepared.batch, "Ben")
    assert approve(site, prepared.batch, by="Carla", now=NOW) == (prepared.batch, "Ben")
    assert issue(site, prepared.batch, now=NOW, progress=nobody_looks).new == 2
    assert issue(site, prepared.batch, now=NOW, progress=nobody_looks).new == 0
    assert prepare(site, COURSE, by="Ana", now=NOW).batch is None
    change_score(site, "waits", "project", "essay", 4.0)
    second = prepare(site, COURSE, by="Ana", now=NOW)
    assert (second.new, second.already_issued) == (("waits",), ("learner000", "learner001"))
    assert [row[3] for row in batches(site)] == ["prepared", "issued"] or [row[3] for row in batches(site)] == ["issued", "prepared"]


def test_a_mark_changed_in_formgrader_makes_the_approved_batch_void_and_names_the_learner(site: Site) -> None:
    enter_results(site, people(3))
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben", now=NOW)
    change_score(site, "learner001", "project", "essay", 3.5)
    with pytest.raises(BatchError, match="of learner001 changed"):
        issue(site, prepared.batch, now=NOW, progress=nobody_looks)
    assert issued_rows(site) == []
    assert batches(site)[0][3] == "void"


def test_a_withdrawn_consent_makes_the_batch_void(site: Site) -> None:
    enter_results(site, people(2))
    record_consent(site, "learner001", COURSE, show_name=True, channel="form", now=NOW)
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    record_consent(site, "learner001", COURSE, show_name=False, channel="form", now=NOW)
    with pytest.raises(BatchError, match="consent of learner001 changed"):
        approve(site, prepared.batch, by="Ben", now=NOW)


def test_the_same_consent_twice_is_written_once(site: Site) -> None:
    for show in (False, False, True, True, False):
        record_consent(site, "ana", COURSE, show_name=show, channel="form", now=NOW)
    with open_ledger(site.ledger_url) as session:
        assert [each.show_name for each in session.scalars(select(Consent).order_by(Consent.id))] == [False, True, False]


def test_rows_that_were_altered_are_not_shown_as_if_they_were_not(site: Site) -> None:
    enter_results(site, people(1))
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    with sqlite3.connect(site.root / "ledger.db") as connection:
        connection.execute("UPDATE batch_row SET content = replace(content, 'learner000', 'learner999')")
    connection.close()
    with pytest.raises(BatchError, match="were altered in the ledger"):
        batch_rows(site, prepared.batch)


def test_a_credential_that_was_never_issued_cannot_be_withdrawn_and_no_password_is_told(site: Site) -> None:
    with pytest.raises(LedgerError, match="no credential 'nosuch' was issued here"):
        revoke(site, "nosuch", reason="x", by="Ben", now=NOW)


def test_withdrawing_twice_is_told(site: Site) -> None:
    enter_results(site, people(1))
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben", now=NOW)
    issue(site, prepared.batch, now=NOW, progress=nobody_looks)
    with open_ledger(site.ledger_url) as session:
        (credential,) = credentials_of(session)
    path = str(site.root / "credentials" / f"{file_name(credential.id)}.png")
    resolver = FolderResolver(site.root, authoritative=True)
    before = verify_source(path, resolver=resolver, now=NOW)
    assert revoke(site, file_name(credential.id), reason="mistake", by="Ben", now=NOW)
    assert not revoke(site, credential.id, reason="mistake", by="Ben", now=NOW)
    after = verify_source(path, resolver=resolver, now=NOW)
    assert before.report is not None
    assert after.report is not None
    assert (before.report.verdict, after.report.verdict) == (Verdict.VALID, Verdict.WITHDRAWN)
    assert (before.is_good, after.is_good) == (True, False)


def test_it_is_known_who_is_enrolled(site: Site) -> None:
    enter_results(site, people(1))
    assert is_enrolled(site, "learner000", COURSE)
    assert not is_enrolled(site, "learner00", COURSE)
