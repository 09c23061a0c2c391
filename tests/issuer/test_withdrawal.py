"""Withdrawing: by whom, why, and what whoever verifies it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.errors import BatchError, LedgerError
from issuer.issuing import issue_batch
from issuer.ledger import AuditEntry, Credential, credentials_of
from issuer.publishing import publish_site
from issuer.resolvers import FolderResolver
from issuer.status_publishing import publish_status_lists
from issuer.verification import Verdict, VerificationReport, verify_credential
from issuer.withdrawal import REASONS, Withdrawal, load_credentials, reinstate, revoke_credential, state_of, withdraw
from tests.issuer.governed import approved, governed_site, identity_of, ledger_of, standing_of
from tests.small_site import NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]
LATER = NOW + timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with ledger_of(site) as session:
        standing = standing_of(site)
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        yield session


def verified(site: Site, credential: Credential) -> VerificationReport:
    resolver = FolderResolver(site.root, authoritative=True)
    return verify_credential(json.loads(credential.document), resolver=resolver, now=LATER + timedelta(hours=1))


def test_a_revoked_credential_is_told_with_the_public_reason_and_never_the_note(site: Site, session: Session) -> None:
    first, second, _ = credentials_of(session)
    assert revoke_credential(first, session, by="Ana", reason="secret: the neighbour told us", now=NOW, code="integrity")
    publish_site(site, identity_of(site), session, now=NOW)
    report = verified(site, first)
    assert report.verdict is Verdict.WITHDRAWN
    assert "withdrew" in report.checks[3].sentence
    assert report.checks[3].sentence.endswith(REASONS["integrity"])
    assert verified(site, second).verdict is Verdict.VALID
    assert all(b"secret" not in path.read_bytes() for path in site.root.glob("status/**/*") if path.is_file())


def test_a_suspension_ends_and_a_revocation_does_not(site: Site, session: Session) -> None:
    first, second, _ = credentials_of(session)
    identity = identity_of(site)
    assert withdraw([first], session, Withdrawal("suspend", "inquiry", "case 14"), by="Ana", now=NOW) == 1
    assert withdraw([first], session, Withdrawal("suspend", "inquiry", "case 14"), by="Ana", now=NOW) == 0
    session.commit()
    publish_site(site, identity, session, now=NOW)
    report = verified(site, first)
    assert report.verdict is Verdict.WITHDRAWN
    assert "suspended this credential for the time being" in report.checks[3].sentence
    assert reinstate(first, session, by="Ben", reason="closed", now=LATER)
    assert not reinstate(first, session, by="Ben", reason="closed", now=LATER)
    session.commit()
    publish_status_lists(site, identity, session, now=LATER)
    assert verified(site, first).verdict is Verdict.VALID
    assert list((site.root / "status" / "notices").glob("*")) == []
    revoke_credential(second, session, by="Ana", reason="wrong", now=NOW)
    with pytest.raises(LedgerError, match="stays revoked"):
        reinstate(second, session, by="Ben", reason="sorry", now=LATER)


def test_a_suspended_credential_can_be_revoked(session: Session) -> None:
    first = credentials_of(session)[0]
    withdraw([first], session, Withdrawal("suspend", "inquiry", "case 14"), by="Ana", now=NOW)
    assert withdraw([first], session, Withdrawal("revoke", "integrity", "case 14 decided"), by="Ben", now=LATER) == 1
    assert (state_of(first), first.public_reason) == ("revoked", REASONS["integrity"])


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (Withdrawal("revoke", "error", "  "), "without a reason"),
        (Withdrawal("revoke", "nosuch", "x"), "no reason code 'nosuch'"),
        (Withdrawal("revoke", "error", "x", "two\nlines"), "line break"),
        (Withdrawal("revoke", "error", "x", "y" * 301), "longer than 300"),
    ],
)
def test_a_reason_that_will_not_do_is_refused_before_anything_changes(session: Session, what: Withdrawal, told: str) -> None:
    found = credentials_of(session)
    with pytest.raises(LedgerError, match=told):
        withdraw(found, session, what, by="Ana", now=NOW)
    with pytest.raises(BatchError, match="has no name"):
        withdraw(found, session, Withdrawal("revoke", "error", "x"), by=" ", now=NOW)
    assert {state_of(each) for each in found} == {"valid"}


def test_all_that_were_not_issued_here_are_named(session: Session) -> None:
    known = credentials_of(session)[0].id
    with pytest.raises(LedgerError, match="'nosuch', 'another'"):
        load_credentials(session, [known, "nosuch", "another"], "ledger")
    assert len(load_credentials(session, [known, known.removeprefix("urn:uuid:")], "ledger")) == 1


def test_every_change_is_a_line_of_the_audit_log_with_before_and_after(session: Session) -> None:
    first = credentials_of(session)[0]
    withdraw([first], session, Withdrawal("suspend", "inquiry", "a"), by="Ana", now=NOW)
    reinstate(first, session, by="Ben", reason="b", now=NOW)
    revoke_credential(first, session, by="Cora", reason="c", now=NOW)
    lines = session.scalars(select(AuditEntry).where(AuditEntry.subject == first.id).order_by(AuditEntry.sequence))
    told = [(each.actor, each.action, json.loads(each.details)["before"], json.loads(each.details)["after"]) for each in lines]
    assert told == [
        ("Ana", "credential suspended", "valid", "suspended"),
        ("Ben", "credential reinstated", "suspended", "valid"),
        ("Cora", "credential revoked", "valid", "revoked"),
    ]


@pytest.mark.parametrize("damage", ["altered", "another's", "unreadable"])
def test_a_notice_that_does_not_fit_adds_no_words_and_the_bit_counts(site: Site, session: Session, damage: str) -> None:
    first, second, _ = credentials_of(session)
    for each, code in ((first, "error"), (second, "holder")):
        revoke_credential(each, session, by="Ana", reason="x", now=NOW, code=code)
    publish_site(site, identity_of(site), session, now=NOW)
    notices = site.root / "status" / "notices"
    mine = notices / f"{first.id.removeprefix('urn:uuid:')}.json"
    text = mine.read_text(encoding="utf-8")
    other = (notices / f"{second.id.removeprefix('urn:uuid:')}.json").read_text(encoding="utf-8")
    mine.write_text({"altered": text.replace("by mistake", "for money"), "another's": other, "unreadable": "{"}[damage], encoding="utf-8")
    report = verified(site, first)
    assert report.verdict is Verdict.WITHDRAWN
    assert "reason" not in report.checks[3].sentence
    publish_site(site, identity_of(site), session, now=NOW)
    assert verified(site, first).checks[3].sentence.endswith(REASONS["error"]), "what is damaged is written anew"
