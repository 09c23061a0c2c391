"""A new credential in the place of an old one: with a corrected name, or for another term. Made from the old one's signed document.

Rules:
1. What was assessed does not change: results, evidence and the day of the award are those of the old credential.
2. A corrected credential revokes the old one, whose files are published no more: an old name is shown to nobody. A renewal leaves the old one to expire.
3. Each is done once: the ledger has one credential a learner, course version and reason, and the reason names the old credential.
"""

from __future__ import annotations

import json
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import append_entry
from issuer.credential import refuse_unsignable
from issuer.errors import CredentialRefusedError, LedgerError
from issuer.identity import IssuerIdentity
from issuer.issuing import StatusPlaces, status_list_url
from issuer.ledger import Credential
from issuer.proof import add_proof, parse_timestamp, timestamp
from issuer.status_list import StatusEntry, status_entry_object
from issuer.withdrawal import Withdrawal, state_of, withdraw

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who decided, why (for the record), and when."""

    by: str
    note: str
    now: datetime


def require_correctable(credential: Credential, name: str) -> str:
    """Return the corrected name, if a credential can be issued with it.

    Raises:
        LedgerError: the credential is revoked or erased, or shows no name.
        CredentialRefusedError: this cannot stand as a name, or is the name that stands there.
    """
    document = _live_document(credential)
    shown = document["credentialSubject"].get("name")
    if shown is None:
        raise LedgerError(
            "this credential shows no name",
            where=credential.id,
            remedy="Record the learner's consent before it is issued: `patunay consent`.",
        )
    wanted = unicodedata.normalize("NFC", name).strip()
    if (
        not wanted
        or len(wanted) > _LONGEST_NAME
        or any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for each in wanted)
    ):
        raise CredentialRefusedError(
            f"this cannot stand as a name: it is empty, longer than {_LONGEST_NAME} characters, or holds a control character", where="name"
        )
    if wanted == shown:
        raise CredentialRefusedError("this is the name that stands there", where="name", remedy="Look at it letter by letter.")
    return wanted


def require_renewable(credential: Credential) -> None:
    """Return if the credential can be renewed.

    Raises:
        LedgerError: it is withdrawn or erased, or does not expire.
    """
    if credential.is_withdrawn:
        raise LedgerError(f"it is {state_of(credential)}", where=credential.id, remedy="Only what is not withdrawn can be renewed.")
    if "validUntil" not in _live_document(credential):
        raise LedgerError("it does not expire", where=credential.id, remedy="There is nothing to renew.")


def correct(credential: Credential, session: Session, site: Site, identity: IssuerIdentity, ruling: Ruling, *, name: str) -> Credential:
    """Return the credential with the corrected name, and revoke the old one. The caller commits, and publishes.

    Raises:
        LedgerError, CredentialRefusedError: see `require_correctable`.
    """
    document = _live_document(credential)
    subject = document["credentialSubject"]
    subject["name"] = require_correctable(credential, name)
    for identifier in subject["identifier"]:
        if identifier["identityType"] == "name":
            identifier["identityHash"] = subject["name"]
    new = _issue(credential, session, site, identity, document, "replaces", "The holder's name was corrected.", ruling.now)
    credential.superseded_by = new.id
    withdraw([credential], session, Withdrawal("revoke", "replaced", ruling.note), by=ruling.by, now=ruling.now)
    details = {"replaces": credential.id, "reason": ruling.note, "before": "none", "after": "valid"}
    append_entry(session, at=ruling.now, actor=ruling.by.strip(), action="credential corrected", subject=new.id, details=details)
    return new


def renew(credential: Credential, session: Session, site: Site, identity: IssuerIdentity, ruling: Ruling) -> Credential:
    """Return a credential that is valid from now on for as long as the old one was. The caller commits, and publishes.

    Raises:
        LedgerError: see `require_renewable`.
    """
    require_renewable(credential)
    document = _live_document(credential)
    until = ruling.now + (parse_timestamp(document["validUntil"]) - parse_timestamp(document["validFrom"]))
    document |= {"validFrom": timestamp(ruling.now), "validUntil": timestamp(until)}
    new = _issue(credential, session, site, identity, document, "renews", "It was renewed.", ruling.now)
    details = {"renews": credential.id, "reason": ruling.note, "valid_until": until.isoformat(), "before": "none", "after": "valid"}
    append_entry(session, at=ruling.now, actor=ruling.by.strip(), action="credential renewed", subject=new.id, details=details)
    return new


def _live_document(credential: Credential) -> dict[str, Any]:
    if credential.revoked_at is not None or credential.erased_at is not None:
        told = "revoked" if credential.revoked_at is not None else "erased"
        raise LedgerError(f"this credential is {told}", where=credential.id, remedy="Take the one that is valid: `patunay register`.")
    document: dict[str, Any] = json.loads(credential.document)
    return document


def _issue(  # noqa: PLR0913 -- what a credential is made of
    old: Credential, session: Session, site: Site, identity: IssuerIdentity, document: dict[str, Any], verb: str, why: str, now: datetime
) -> Credential:
    del document["proof"]
    new_id = uuid.uuid4()
    place = StatusPlaces(session).take()
    document |= {"id": new_id.urn, "issuer": document["issuer"] | {"id": identity.profile.did}}
    subject = document["credentialSubject"]
    subject["id"] = uuid.uuid4().urn
    if "result" in subject:
        subject["result"] = [_moved(each, new_id) for each in subject["result"]]
    document["evidence"] = [
        *(_moved(each, new_id) for each in document["evidence"]),
        _told(new_id, f"This credential {verb} {old.id}. {why}", now),
    ]
    entry = StatusEntry(status_list_url(site, place[0]), place[1])
    document["credentialStatus"] = status_entry_object(entry, uuid.uuid5(new_id, "status").urn)
    refuse_unsignable(document)
    new = Credential(
        id=new_id.urn,
        course=old.course,
        version=old.version,
        learner=old.learner,
        reason=f"{verb} {old.id}",
        batch_id=old.batch_id,
        status_list=place[0],
        status_index=place[1],
        document=json.dumps(add_proof(document, identity.signer, now), ensure_ascii=False, indent=2),
        issued_at=now.isoformat(),
        holder_name=subject.get("name"),
        valid_until=document.get("validUntil"),
    )
    session.add(new)
    session.flush()
    return new


def _moved(part: Mapping[str, Any], new_id: uuid.UUID) -> dict[str, Any]:
    """Return a part of the old document with an identifier of the new one's."""
    return {**part, "id": uuid.uuid5(new_id, str(part["id"])).urn}


def _told(new_id: uuid.UUID, sentence: str, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid.uuid5(new_id, "replacement").urn,
        "type": ["Evidence"],
        "name": "Decision to issue anew",
        "genre": "award decision",
        "narrative": f"{sentence} Decided on {now:%Y-%m-%d}.",
    }
