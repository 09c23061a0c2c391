"""Two processes at the same moment, and one that is killed: nothing is lost, nothing is done twice, and the audit log stays whole. On both databases."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import append_entry, find_break
from issuer.audit_anchor import verify_log
from issuer.batches import approve_batch, load_batch
from issuer.issuing import Rhythm, issue_batch
from issuer.ledger import AuditEntry, Batch, Credential, credentials_of
from issuer.publishing import publish_site
from issuer.standing import CourseStanding
from issuer.status_list import decode_bits
from issuer.status_publishing import publish_status_lists
from issuer.withdrawal import Withdrawal, revoke_credential, withdraw
from tests.issuer.governed import APPROVER, approved, governed_site, identity_of, ledger_of, prepared, standing_of
from tests.small_site import NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]
CONTEXT = multiprocessing.get_context("forkserver")
"""Not forks of this process: typst's threads, which other tests started, would not be in them, and certificates would wait for them for ever."""
CONTEXT.set_forkserver_preload(["tests.issuer.test_two_at_once"])
MISTAKE = Withdrawal("revoke", "error", "a mistake")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


def at_once(work: Callable[..., None], *arguments: tuple[Any, ...]) -> None:
    """Run `work` in one process for each of `arguments`, all let go at the same moment; each must end well."""
    barrier = CONTEXT.Barrier(len(arguments))
    started = [CONTEXT.Process(target=let_go, args=(barrier, work, each)) for each in arguments]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * len(started)


def let_go(barrier: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    barrier.wait(120)
    work(*arguments)


def entries(session: Session, action: str) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def issued(site: Site, count: int) -> tuple[CourseStanding, list[str]]:
    """Issue to `count` learners and publish; return the ids of the credentials."""
    standing = standing_of(site, count)
    with ledger_of(site) as session:
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        publish_status_lists(site, identity_of(site), session, now=NOW)
        return standing, [each.id for each in credentials_of(session)]


def write_lines(site: Site, name: str, count: int) -> None:
    with ledger_of(site) as session:
        for number in range(count):
            append_entry(session, at=NOW, actor=name, action="tried", subject=str(number), details={})
            session.commit()


def test_processes_that_write_the_audit_log_at_once_wait_for_each_other(site: Site) -> None:
    with ledger_of(site):
        pass
    at_once(write_lines, *((site, name, 20) for name in ("Ana", "Ben", "Cora")))
    with ledger_of(site) as session:
        assert find_break(session) is None
        assert Counter(each.actor for each in entries(session, "tried")) == {"Ana": 20, "Ben": 20, "Cora": 20}


def revoke_each(site: Site, names: list[str], by: str) -> None:
    identity = identity_of(site)
    with ledger_of(site) as session:
        for name in names:
            revoke_credential(session.get_one(Credential, name), session, by=by, reason="a mistake", now=NOW, code="error")
            publish_status_lists(site, identity, session, now=NOW)


def test_two_revocations_at_once_are_both_published(site: Site) -> None:
    _, names = issued(site, 24)
    at_once(revoke_each, (site, names[::2], "Ana"), (site, names[1::2], "Ben"))
    with ledger_of(site) as session:
        document = json.loads((site.root / "status" / "1.json").read_text(encoding="utf-8"))
        bits = decode_bits(document["credentialSubject"]["encodedList"])
        assert all(bits.is_set(each.status_index) for each in credentials_of(session))
        assert len(list((site.root / "status" / "notices").glob("*.json"))) == 24
        assert len(entries(session, "credential revoked")) == 24
        report = verify_log(session, [document], identity_of(site).document)
        assert report.after_anchor == 0


def test_who_revokes_the_same_credentials_at_once_revokes_each_once(site: Site) -> None:
    _, names = issued(site, 12)
    at_once(revoke_each, (site, names, "Ana"), (site, names[::-1], "Ben"))
    with ledger_of(site) as session:
        found = {each.subject: each.actor for each in entries(session, "credential revoked")}
        assert len(entries(session, "credential revoked")) == 12
        assert {each.id: each.revoked_by for each in credentials_of(session)} == found
        assert find_break(session) is None


def issue(site: Site, name: str, standing: CourseStanding) -> None:
    with ledger_of(site) as session:
        issue_batch(load_batch(session, name), standing, session, site, identity_of(site), now=NOW, rhythm=Rhythm(commit_every=7))
        publish_site(site, identity_of(site), session, now=NOW)


def test_two_that_issue_the_same_batch_at_once_issue_each_learner_once(site: Site) -> None:
    standing = standing_of(site, 31)
    with ledger_of(site) as session:
        name = approved(standing, session).id
    at_once(issue, (site, name, standing), (site, name, standing))
    with ledger_of(site) as session:
        found = credentials_of(session)
        assert sorted(each.learner for each in found) == sorted(f"l{number}" for number in range(31))
        assert len({(each.status_list, each.status_index) for each in found}) == 31
        assert (load_batch(session, name).state, len(entries(session, "batch issued"))) == ("issued", 1)
        assert find_break(session) is None
        files = {each.stem for each in (site.root / "credentials").glob("*.json")}
        assert files == {each.id.removeprefix("urn:uuid:") for each in found}


def prepare(site: Site, standing: CourseStanding, by: str) -> None:
    with ledger_of(site) as session:
        prepared(standing, session, by=by)


def test_two_that_prepare_at_once_get_one_batch(site: Site) -> None:
    standing = standing_of(site, 10)
    with ledger_of(site):
        pass
    at_once(prepare, (site, standing, "Ana"), (site, standing, "Ben"))
    with ledger_of(site) as session:
        assert len(list(session.scalars(select(Batch)))) == 1
        assert len(entries(session, "batch prepared")) == 1


def approve(site: Site, name: str, standing: CourseStanding, by: str) -> None:
    with ledger_of(site) as session:
        approve_batch(load_batch(session, name), standing, session, by=by, two_person=True, now=NOW)


def test_two_that_approve_at_once_are_one_approval(site: Site) -> None:
    standing = standing_of(site, 10)
    with ledger_of(site) as session:
        name = prepared(standing, session).id
    at_once(approve, (site, name, standing, APPROVER), (site, name, standing, "Corazon Lim"))
    with ledger_of(site) as session:
        [line] = entries(session, "batch approved")
        assert load_batch(session, name).approved_by == line.actor


def withdraw_all(site: Site, kill_at: int, reached: Any) -> None:
    """Withdraw all in one transaction; tell when `kill_at` lines of the audit log are written, and wait there for the end."""
    with ledger_of(site) as session:
        written = 0

        def count(_session: Session, _context: object) -> None:
            nonlocal written
            written += 1
            if written == kill_at:
                reached.set()
                CONTEXT.Event().wait()

        event.listen(session, "after_flush_postexec", count)
        withdraw(credentials_of(session), session, MISTAKE, by="Ana", now=NOW)
        session.commit()


@pytest.mark.parametrize("kill_at", [1, 9, 20])
def test_a_withdrawal_of_many_that_is_killed_withdrew_none_and_can_be_done_again(kill_at: int, site: Site) -> None:
    issued(site, 20)
    reached = CONTEXT.Event()
    process = CONTEXT.Process(target=withdraw_all, args=(site, kill_at, reached))
    process.start()
    assert reached.wait(120)
    process.kill()
    process.join()
    with ledger_of(site) as session:
        assert not any(each.is_withdrawn for each in credentials_of(session))
        assert entries(session, "credential revoked") == []
        assert withdraw(credentials_of(session), session, MISTAKE, by="Ana", now=NOW) == 20
        session.commit()
        assert find_break(session) is None
