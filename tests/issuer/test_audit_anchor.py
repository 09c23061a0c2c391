"""The signed status list vouches for the audit log: also a cut end and a log that was written anew show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import append_entry, find_break
from issuer.audit_anchor import find_head, verify_log
from issuer.errors import AuditError, SignatureMismatchError
from issuer.issuing import issue_batch
from issuer.ledger import AuditEntry
from issuer.publishing import publish_site
from tests.issuer.governed import approved, governed_site, identity_of, ledger_of, standing_of
from tests.small_site import NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with ledger_of(site) as session:
        standing = standing_of(site)
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        publish_site(site, identity_of(site), session, now=NOW)
        yield session


def published(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / "status" / "1.json").read_text(encoding="utf-8"))
    return found


def test_an_untouched_log_is_vouched_for_to_its_last_line(site: Site, session: Session) -> None:
    report = verify_log(session, [published(site)], identity_of(site).document)
    assert (report.lines, report.anchors, report.after_anchor) == (3, (3,), 0)
    head = find_head(session)
    assert head is not None
    assert json.loads((site.root / "status" / "audit-head.json").read_text(encoding="utf-8")) == {"sequence": 3, "hash": head.hash}


def test_lines_after_the_last_list_are_counted_and_the_next_vouches_for_them(site: Site, session: Session) -> None:
    early = published(site)
    append_entry(session, at=NOW, actor="Ana", action="tried", subject="x", details={})
    session.commit()
    assert verify_log(session, [early], identity_of(site).document).after_anchor == 1
    publish_site(site, identity_of(site), session, now=NOW + timedelta(days=1))
    assert verify_log(session, [early, published(site)], identity_of(site).document).anchors == (3, 4)


def test_a_cut_end_shows_though_the_chain_holds(site: Site, session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.sequence == 3))
    session.commit()
    assert find_break(session) is None
    with pytest.raises(AuditError, match="cut off, or it was written anew"):
        verify_log(session, [published(site)], identity_of(site).document)


def test_a_log_that_was_written_anew_shows_though_its_chain_holds(site: Site, session: Session) -> None:
    lines = [(each.actor, each.action, each.subject) for each in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))]
    session.execute(delete(AuditEntry))
    session.expire_all()
    for actor, action, subject in lines:
        append_entry(session, at=NOW, actor="Nobody" if action == "batch approved" else actor, action=action, subject=subject, details={})
    session.commit()
    assert find_break(session) is None
    with pytest.raises(AuditError, match="written anew"):
        verify_log(session, [published(site)], identity_of(site).document)


def test_a_changed_line_and_two_lines_that_changed_places_show(site: Site, session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.sequence == 2).values(actor="Nobody"))
    session.commit()
    session.expire_all()
    with pytest.raises(AuditError, match="line 2 does not fit"):
        verify_log(session, [published(site)], identity_of(site).document)


def test_a_list_that_was_altered_vouches_for_nothing(site: Site, session: Session) -> None:
    document = published(site)
    document["relatedResource"][0]["digestSRI"] = "sha384-" + "A" * 64
    with pytest.raises(SignatureMismatchError, match="fit"):
        verify_log(session, [document], identity_of(site).document)
