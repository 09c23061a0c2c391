"""Whether a credential was withdrawn: its entries in status lists, the lists' own signatures and dates, and the issuer's notice of why.

Source: W3C Bitstring Status List v1.0, 3.2. What could not be checked is said, and never counts as "not withdrawn".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from courses.errors import DiagnosedError
from issuer.context_documents import CREDENTIALS_V2
from issuer.credential_facts import FormatError, read_moment
from issuer.did import find_assertion_key
from issuer.errors import ResolutionError, StatusListError
from issuer.proof import single_proof, verify_proof
from issuer.resolving import Found, Resolver, demand_did_document
from issuer.status_list import StatusEntry, read_status_entry, read_status_list
from issuer.verification_report import Check, CredentialFacts, State
from issuer.withdrawal_notice import REVOKED, Notice, notice_url, read_notice

CLOCK_SKEW = timedelta(minutes=5)
_NAME = "Not withdrawn"
_PURPOSES = ("revocation", "suspension")
_MAX_ENTRIES = 4
_GRAVEST_FIRST = (State.FAILED, State.NOT_CHECKED, State.WARNING, State.PASSED)


def check_status(document: Mapping[str, Any], facts: CredentialFacts, resolver: Resolver, now: datetime) -> Check:
    """Return whether the issuer withdrew the credential. Of several entries each is looked up, and the gravest answer counts."""
    if "credentialStatus" not in document:
        return Check(_NAME, State.WARNING, "The issuer keeps no list of withdrawals for this credential.")
    named = document["credentialStatus"]
    entries = named if isinstance(named, list) else [named]
    if not 1 <= len(entries) <= _MAX_ENTRIES:
        return _unknown(f"it names {len(entries)} lists of withdrawals, and 1 to {_MAX_ENTRIES} are looked up")
    checks = [_check_entry(each, facts, resolver, now) for each in entries]
    gravest = next(state for state in _GRAVEST_FIRST if any(each.state is state for each in checks))
    sentences = dict.fromkeys(each.sentence for each in checks if each.state is gravest)
    return Check(_NAME, gravest, " ".join(sentences))


def _unknown(why: str) -> Check:
    return Check(_NAME, State.NOT_CHECKED, f"Whether this was withdrawn could not be checked: {why}.")


def _check_entry(named: Any, facts: CredentialFacts, resolver: Resolver, now: datetime) -> Check:
    try:
        entry = read_status_entry(named)
        if entry.purpose not in _PURPOSES:
            raise StatusListError(f"the status is kept for {entry.purpose[:40]!r}, which is not checked here")
        found = resolver.find_status_list(entry.list_url)
        if found is None:
            raise ResolutionError("nobody could be asked for the issuer's list of withdrawals")
        is_withdrawn, listed_on = _look_up(found, entry, facts, resolver, now)
    except DiagnosedError as unknown:
        return _unknown(unknown.problem)
    day = listed_on.strftime("%Y-%m-%d")
    if is_withdrawn:
        return Check(_NAME, State.FAILED, _withdrawn(entry, facts, resolver, day))
    if not found.authoritative:
        sentence = f"It is not on the list of withdrawals of {day}, which was read from a copy ({found.origin})."
        return Check(_NAME, State.WARNING, sentence)
    return Check(_NAME, State.PASSED, f"The issuer has not withdrawn it (list of {day}).")


def _withdrawn(entry: StatusEntry, facts: CredentialFacts, resolver: Resolver, day: str) -> str:
    """Return the sentence of a withdrawn credential, with the issuer's own reason if it publishes one that fits."""
    notice = _find_notice(entry, facts, resolver)
    if notice is None:
        what = "withdrew" if entry.purpose == "revocation" else "suspended"
        return f"The issuer {what} this credential (list of {day})."
    what = "withdrew this credential" if notice.state == REVOKED else "suspended this credential for the time being"
    return f"The issuer {what} (list of {day}). Its reason: {notice.reason}"


def _find_notice(entry: StatusEntry, facts: CredentialFacts, resolver: Resolver) -> Notice | None:
    url = notice_url(entry.list_url, facts.credential_id)
    try:
        found = resolver.find_status_list(url)
        if found is None:
            return None
        notice = read_notice(found.document, url, facts.issuer_id, facts.credential_id)
        if notice is not None:
            verify_proof(found.document, lambda method: _issuers_key(method, facts, resolver))
    except DiagnosedError:
        return None
    return notice


def _issuers_key(method: str, facts: CredentialFacts, resolver: Resolver) -> bytes:
    did = method.partition("#")[0]
    key = find_assertion_key(demand_did_document(did, resolver).document, method) if did == facts.issuer_id else None
    if key is None:
        raise StatusListError("the list of withdrawals is signed by somebody else than the issuer")
    return key


@lru_cache(maxsize=16)
def _require_signature(published: str, key: bytes) -> None:
    """Return if the list's proof fits this key. Remembered of the lists read last, letter by letter: many credentials name one list. What does not fit is not.

    Args:
        published: the list as JSON.
    """
    verify_proof(json.loads(published), lambda _: key)


def _look_up(found: Found, entry: StatusEntry, facts: CredentialFacts, resolver: Resolver, now: datetime) -> tuple[bool, datetime]:
    """Return whether the entry is set, and when the list was made (Bitstring Status List 3.2)."""
    if found.document.get("@context") != [CREDENTIALS_V2]:
        raise StatusListError("the list of withdrawals uses other terms than those of the standard")
    key = _issuers_key(str(single_proof(found.document)["verificationMethod"]), facts, resolver)
    _require_signature(found.written or json.dumps(found.document), key)
    bits = read_status_list(found.document, entry, facts.issuer_id)
    try:
        made, until = read_moment(found.document, "validFrom"), found.document.get("validUntil")
        expired = until is not None and read_moment(found.document, "validUntil") < now
    except FormatError as undated:
        raise StatusListError("the list of withdrawals has no date") from undated
    if made > now + CLOCK_SKEW or expired:
        raise StatusListError("the list of withdrawals is out of date")
    return bits.is_set(entry.index), made
