"""What the commands for withdrawing, deciding, auditing and privacy do: each opens the ledger, does one thing, publishes what follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from courses.databases import without_password
from courses.settings import Site
from issuer.audit_anchor import AuditReport, verify_log
from issuer.decisions import (
    CORRECTION,
    OPEN,
    REGRADE,
    RENEWAL,
    REQUESTS,
    WITHDRAWAL,
    decisions_of,
    load_decision,
    open_decision,
    take_decision,
)
from issuer.documents import parse_document
from issuer.errors import AuditError
from issuer.identity import load_identity
from issuer.ledger import Credential, Decision, open_ledger
from issuer.privacy import Purged, data_of, erase_credential, purge
from issuer.publishing import publish_site, unpublish
from issuer.replacement import Ruling, correct, renew, require_correctable, require_renewable
from issuer.status_publishing import publish_status_lists
from issuer.withdrawal import Withdrawal, changes, load_credentials, reinstate, require_reasons, withdraw


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal did, or would do."""

    changed: tuple[str, ...]
    """Ids of the credentials that it changes."""
    unchanged: tuple[str, ...]
    """Those that are withdrawn so already."""
    decision: str | None = None
    """The decision that another person has to take first, because they are many; nothing is withdrawn before."""


def withdraw_many(site: Site, names: Sequence[str], what: Withdrawal, *, by: str, now: datetime, dry_run: bool = False) -> Withdrawn:
    """Withdraw credentials and publish the status lists; where they are more than one person may withdraw, open a decision instead.

    Raises:
        LedgerError: one of them was not issued here, or a reason is missing; nothing is withdrawn then.
    """
    with open_ledger(site.ledger_url) as session:
        credentials = load_credentials(session, names, without_password(site.ledger_url))
        require_reasons(what)
        changed = tuple(each.id for each in credentials if changes(each, what))
        unchanged = tuple(each.id for each in credentials if each.id not in set(changed))
        if dry_run or not changed:
            return Withdrawn(changed, unchanged)
        if len(changed) > site.settings.approval.withdraw_alone:
            content = {
                "credentials": sorted(changed),
                "how": what.how,
                "code": what.code,
                "note": what.note,
                "public_reason": what.public_reason,
            }
            decision = open_decision(session, WITHDRAWAL, None, content, by=by, now=now)
            session.commit()
            return Withdrawn(changed, unchanged, decision.id)
        identity = load_identity(site)
        withdraw(credentials, session, what, by=by, now=now)
        session.commit()
        publish_status_lists(site, identity, session, now=now)
    return Withdrawn(changed, unchanged)


def revoke(site: Site, name: str, *, reason: str, by: str, now: datetime) -> bool:
    """Withdraw one credential for good; return whether it was not withdrawn before."""
    return bool(withdraw_many(site, [name], Withdrawal("revoke", "other", reason), by=by, now=now).changed)


def reinstate_one(site: Site, name: str, *, reason: str, by: str, now: datetime) -> bool:
    """End a suspension and publish the status lists; return whether there was one."""
    identity = load_identity(site)
    with open_ledger(site.ledger_url) as session:
        [credential] = load_credentials(session, [name], without_password(site.ledger_url))
        done = reinstate(credential, session, by=by, reason=reason, now=now)
        session.commit()
        publish_status_lists(site, identity, session, now=now)
    return done


def ask_correction(site: Site, name: str, corrected: str, *, reason: str, by: str, now: datetime) -> str:
    """Write down that a name is to be corrected; return the decision's id."""
    with open_ledger(site.ledger_url) as session:
        [credential] = load_credentials(session, [name], without_password(site.ledger_url))
        content = {"name": require_correctable(credential, corrected), "reason": reason}
        decision = open_decision(session, CORRECTION, credential, content, by=by, now=now)
        session.commit()
        return decision.id


def ask_renewal(site: Site, name: str, *, reason: str, by: str, now: datetime) -> str:
    """Write down that a credential is to be renewed; return the decision's id."""
    with open_ledger(site.ledger_url) as session:
        [credential] = load_credentials(session, [name], without_password(site.ledger_url))
        require_renewable(credential)
        decision = open_decision(session, RENEWAL, credential, {"reason": reason}, by=by, now=now)
        session.commit()
        return decision.id


def decide(site: Site, name: str, *, granted: bool, reason: str, by: str, now: datetime) -> tuple[str, str]:
    """Take a decision, do what was granted, and publish; return its id and the id of the credential that was issued, if one was."""
    identity = load_identity(site) if granted else None
    with open_ledger(site.ledger_url) as session:
        decision = load_decision(session, name)
        take_decision(decision, session, granted=granted, by=by, note=reason, two_person=site.settings.approval.two_person, now=now)
        new = _carry_out(decision, session, site, Ruling(by, reason, now)) if granted else None
        session.commit()
        if identity is not None:
            publish_site(site, identity, session, now=now)
        return decision.id, new.id if new else ""


def _carry_out(decision: Decision, session: Session, site: Site, ruling: Ruling) -> Credential | None:
    if decision.kind in REQUESTS:  # answered; what is done besides has its own command
        return None
    content: dict[str, Any] = json.loads(decision.content)
    names = content["credentials"] if decision.kind == WITHDRAWAL else [decision.credential_id]
    credentials = load_credentials(session, names, without_password(site.ledger_url))
    if decision.kind == CORRECTION:
        return correct(credentials[0], session, site, load_identity(site), ruling, name=content["name"])
    if decision.kind == RENEWAL:
        return renew(credentials[0], session, site, load_identity(site), ruling)
    what = Withdrawal("revoke", "result-changed", ruling.note)
    if decision.kind == WITHDRAWAL:
        what = Withdrawal(content["how"], content["code"], content["note"], content["public_reason"])
    withdraw(credentials, session, what, by=ruling.by, now=ruling.now)
    return None


def queue_regrades(site: Site, fallen: Sequence[tuple[str, str, str]], *, by: str, now: datetime) -> int:
    """Open a decision for each credential whose learner would not get it any more; return how many wait. Nothing is revoked.

    Args:
        fallen: ids of credentials, each with its learner and why, in words.
    """
    with open_ledger(site.ledger_url) as session:
        for name, _, why in fallen:
            [credential] = load_credentials(session, [name], without_password(site.ledger_url))
            open_decision(session, REGRADE, credential, {"why": why}, by=by, now=now)
        session.commit()
        return sum(each.kind == REGRADE and each.state == OPEN for each in decisions_of(session, only_open=True))


def verify_audit(site: Site, anchors: Sequence[Path]) -> AuditReport:
    """Return how far the audit log is vouched for by the site's own status list and by the copies given.

    Raises:
        AuditError: the log is not what was written, or the site publishes no status list though something was issued.
    """
    published, did = site.root / "status" / "1.json", site.root / "did.json"
    files = [*([published] if published.is_file() else []), *anchors]
    documents = [parse_document(path.read_bytes()) for path in files]
    with open_ledger(site.ledger_url) as session:
        if not published.is_file() and session.query(Credential).first() is not None:
            raise AuditError(
                "the site's status list is gone, so nothing tells whether the end of the log was cut off",
                where=str(published),
                remedy="Fetch it from where you publish it, or give a copy with `--anchor FILE`.",
            )
        return verify_log(session, documents, parse_document(did.read_bytes()) if documents else {})


def anchor_audit(site: Site, *, now: datetime) -> None:
    """Sign the status list anew, so that it vouches for the last line of the audit log."""
    identity = load_identity(site)
    with open_ledger(site.ledger_url) as session:
        publish_status_lists(site, identity, session, now=now)


def erase(site: Site, name: str, *, reason: str, by: str, now: datetime) -> bool:
    """Erase a credential's document and its published files; return whether it was there."""
    with open_ledger(site.ledger_url) as session:
        [credential] = load_credentials(session, [name], without_password(site.ledger_url))
        done = erase_credential(credential, session, by=by, reason=reason, now=now)
        session.commit()
        unpublish(site, credential.id)
    return done


def learner_data(site: Site, learner: str) -> dict[str, Any]:
    """Return all that the ledger holds of a learner."""
    with open_ledger(site.ledger_url) as session:
        return data_of(session, learner)


def purge_old(site: Site, *, by: str, now: datetime, dry_run: bool) -> Purged:
    """Take away what the retention settings say is kept no longer."""
    retention = site.settings.retention
    with open_ledger(site.ledger_url) as session:
        purged = purge(
            session, batch_rows_days=retention.batch_rows_days, decisions_days=retention.decisions_days, by=by, now=now, dry_run=dry_run
        )
        session.commit()
        return purged
