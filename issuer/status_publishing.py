"""Writes the folder `status/`: the signed status lists, the notices of why something was withdrawn, and the head of the audit log that they are tied to."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from courses.errors import DiagnosedError
from courses.settings import Site
from courses.storage import diagnosed_storage, write_atomically
from issuer.audit_anchor import anchor, find_head
from issuer.did import find_assertion_key
from issuer.identity import IssuerIdentity
from issuer.issuing import status_list_url
from issuer.ledger import Credential
from issuer.proof import add_proof, verify_proof
from issuer.status_list import StatusBits, build_status_list
from issuer.withdrawal import notice_of
from issuer.withdrawal_notice import build_notice, notice_url

_STATUS_LIFE = timedelta(days=365)
HEAD_FILE = "audit-head.json"


def publish_status_lists(site: Site, identity: IssuerIdentity, session: Session, *, now: datetime) -> None:
    """Sign and write what is missing or outdated: every status list whose bits are not what its file says, the first one always, and the notices."""
    folder = site.root / "status"
    with _alone(site):  # who reads the ledger first must not write last
        _publish(folder, site, identity, session, now)


@contextlib.contextmanager
def _alone(site: Site) -> Iterator[None]:
    """Wait until no other process writes the site's status lists, and keep others waiting. The lock is the folder of keys, which only the issuer may open."""
    with diagnosed_storage(site.keys):
        descriptor = os.open(site.keys, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _publish(folder: Path, site: Site, identity: IssuerIdentity, session: Session, now: datetime) -> None:
    query = select(Credential).where(or_(Credential.revoked_at.is_not(None), Credential.suspended_at.is_not(None)))
    withdrawn = list(session.scalars(query.execution_options(populate_existing=True)))
    head = find_head(session)
    for number in sorted({1, *session.scalars(select(Credential.status_list).distinct())}):
        bits = StatusBits().with_bits(each.status_index for each in withdrawn if each.status_list == number)
        unsigned = build_status_list(status_list_url(site, number), identity.profile.did, bits, now, valid_until=now + _STATUS_LIFE)
        if number == 1 and head is not None:
            _write_if_changed(folder / HEAD_FILE, head.text)
            unsigned["relatedResource"] = anchor(head, site.published("status", HEAD_FILE))
        _sign_if_changed(folder / f"{number}.json", unsigned, identity, now, ("credentialSubject", "relatedResource"))
    _publish_notices(site, identity, withdrawn, now)


def _publish_notices(site: Site, identity: IssuerIdentity, withdrawn: list[Credential], now: datetime) -> None:
    folder, named = site.root / "status" / "notices", set()
    for credential in withdrawn:
        notice = notice_of(credential)
        if notice is not None:
            url = notice_url(status_list_url(site, credential.status_list), credential.id)
            path = folder / url.rpartition("/")[2]
            named.add(path.name)
            unsigned = build_notice(url, identity.profile.did, credential.id, notice, now)
            _sign_if_changed(path, unsigned, identity, now, ("credentialSubject",))
    for path in folder.glob("*.json"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _sign_if_changed(path: Path, unsigned: dict[str, Any], identity: IssuerIdentity, now: datetime, compared: tuple[str, ...]) -> None:
    if not _says_the_same(path, unsigned, identity, now, compared):
        write_atomically(path, json.dumps(add_proof(unsigned, identity.signer, now), indent=2) + "\n")


def _says_the_same(path: Path, unsigned: dict[str, Any], identity: IssuerIdentity, now: datetime, compared: tuple[str, ...]) -> bool:
    """Whether what is published says the same by the same issuer, has half of its life before it, and a signature that fits."""
    try:
        published = json.loads(path.read_text(encoding="utf-8"))
        if "validUntil" in unsigned and datetime.fromisoformat(published["validUntil"]) - now < _STATUS_LIFE / 2:
            return False
        verify_proof(published, lambda method: find_assertion_key(identity.document, method) or b"")
        return all(published.get(key) == unsigned.get(key) for key in ("id", "issuer", *compared))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DiagnosedError):
        return False


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        write_atomically(path, text)
