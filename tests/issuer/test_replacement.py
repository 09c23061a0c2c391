"""Corrections, renewals and what else waits for a person: decided once, by another than who asked, and then done whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.batches import draft_batch
from issuer.decisions import CORRECTION, REGRADE, decisions_of, load_decision, open_decision, take_decision
from issuer.errors import CredentialRefusedError, DecisionError, LedgerError
from issuer.issuing import issue_batch
from issuer.ledger import Credential, credentials_of
from issuer.publishing import publish_site
from issuer.replacement import Ruling, correct, renew, require_correctable, require_renewable
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict, verify_credential
from issuer.withdrawal import Withdrawal, withdraw
from tests.issuer.governed import approved, consent, governed_site, identity_of, ledger_of, standing_of
from tests.small_site import NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]
LATER = NOW + timedelta(days=30)
RULING = Ruling("Benigno Cruz", "passport seen", LATER)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    """l0 shows a name, l1 does not; all are valid for a year."""
    standing = standing_of(site, 2)
    standing = replace(standing, manifest=standing.manifest.model_copy(update={"validity": "P1Y"}))
    with ledger_of(site) as session:
        consent(session, "l0", show_name=True)
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        publish_site(site, identity_of(site), session, now=NOW)
        yield session


def verdict(site: Site, credential: Credential, days: int = 31) -> Verdict:
    resolver = FolderResolver(site.root, authoritative=True)
    return verify_credential(json.loads(credential.document), resolver=resolver, now=NOW + timedelta(days=days)).verdict


def of(session: Session, learner: str) -> Credential:
    return next(each for each in credentials_of(session) if each.learner == learner)


def test_a_corrected_credential_takes_the_place_of_the_old_whose_name_is_shown_no_more(site: Site, session: Session) -> None:
    old = of(session, "l0")
    before, old_document = json.loads(old.document), old.document
    new = correct(old, session, site, identity_of(site), RULING, name="Maria  Ñuñez")
    session.commit()
    publish_site(site, identity_of(site), session, now=LATER)
    after = json.loads(new.document)
    assert after["credentialSubject"]["name"] == "Maria  Ñuñez"
    assert "Name of l0" not in new.document
    assert "Name of l0" in old_document
    assert (verdict(site, old), verdict(site, new)) == (Verdict.WITHDRAWN, Verdict.VALID)
    for kept in ("awardedDate", "validUntil", "name", "description"):
        assert after[kept] == before[kept]
    assert [each["value"] for each in after["credentialSubject"]["result"]] == [
        each["value"] for each in before["credentialSubject"]["result"]
    ]
    assert [each["narrative"] for each in after["evidence"][:-1]] == [each["narrative"] for each in before["evidence"]]
    ids = {each["id"] for each in [*before["evidence"], *before["credentialSubject"]["result"], before["credentialSubject"]]}
    assert not ids & {each["id"] for each in [*after["evidence"], *after["credentialSubject"]["result"], after["credentialSubject"]]}
    assert (old.superseded_by, new.reason) == (new.id, f"replaces {old.id}")
    published = {path.stem for path in (site.root / "credentials").iterdir()}
    assert old.id.removeprefix("urn:uuid:") not in published
    assert new.id.removeprefix("urn:uuid:") in published
    assert draft_batch(standing_of(site, 2), session).already_issued == ("l0", "l1"), "it is no reason to award again"
    with pytest.raises(LedgerError, match="is revoked"):
        correct(old, session, site, identity_of(site), RULING, name="Another")


@pytest.mark.parametrize("name", ["", "  ", "a\tb", "line\nbreak", "half \ud800", "x" * 201, "Name of l0"])
def test_a_name_that_will_not_do_is_refused_when_it_is_asked_for(session: Session, name: str) -> None:
    with pytest.raises(CredentialRefusedError, match="name"):
        require_correctable(of(session, "l0"), name)


def test_a_credential_without_a_name_has_none_to_correct(session: Session) -> None:
    with pytest.raises(LedgerError, match="shows no name"):
        require_correctable(of(session, "l1"), "Maria")


def test_a_renewed_credential_runs_as_long_again_and_the_old_one_expires_by_itself(site: Site, session: Session) -> None:
    old = of(session, "l1")
    new = renew(old, session, site, identity_of(site), RULING)
    session.commit()
    publish_site(site, identity_of(site), session, now=LATER)
    assert (verdict(site, old), verdict(site, new)) == (Verdict.VALID, Verdict.VALID)
    assert (verdict(site, old, 380), verdict(site, new, 380)) == (Verdict.EXPIRED, Verdict.VALID)
    assert verdict(site, new, 400) is Verdict.EXPIRED
    withdraw([new], session, Withdrawal("suspend", "inquiry", "x"), by="Ana", now=LATER)
    with pytest.raises(LedgerError, match="suspended"):
        require_renewable(new)


def test_who_asks_does_not_decide_and_it_is_decided_once(session: Session) -> None:
    credential = of(session, "l0")
    decision = open_decision(session, CORRECTION, credential, {"name": "Maria"}, by="Ana Reyes", now=NOW)
    assert open_decision(session, CORRECTION, credential, {"name": "Maria"}, by="Cora", now=NOW) is decision
    session.commit()

    def decide(by: str, *, granted: bool = True, note: str = "seen") -> None:
        take_decision(load_decision(session, decision.id[:8]), session, granted=granted, by=by, note=note, two_person=True, now=LATER)

    with pytest.raises(DecisionError, match="asked for this and cannot decide"):
        decide(" ana REYES")
    with pytest.raises(DecisionError, match="no reason"):
        decide("Ben", note=" ")
    decide("Ben", granted=False)
    with pytest.raises(DecisionError, match="refused by Ben already"):
        decide("Cora")
    assert decisions_of(session, only_open=True) == []
    with pytest.raises(DecisionError, match="no decision 'nosuch'"):
        load_decision(session, "nosuch")


def test_a_regrade_waits_once_however_often_it_is_seen_and_changes_nothing(session: Session) -> None:
    credential = of(session, "l0")
    first = open_decision(session, REGRADE, credential, {"why": "69 %"}, by="Ana", now=NOW)
    assert open_decision(session, REGRADE, credential, {"why": "68 %"}, by="Ana", now=LATER) is first
    assert credential.revoked_at is None
