"""Why a credential was withdrawn, in words, for whoever verifies it: a small signed document beside the status list.

The status list says yes or no. Open Badges 3.0 lets a credential name one status entry, so there is no second list for suspensions: a suspended
credential's bit is set like a revoked one's, which every verifier refuses, and the notice says which of the two it is. A notice adds words and decides
nothing: without it, or with one that does not fit, the bit counts alone. It names the credential and nobody's name.

It is a Verifiable Credential 2.0 of the terms of `credentials/v2` alone, published as `status/notices/<UUID>.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from issuer.context_documents import CREDENTIALS_V2
from issuer.proof import timestamp

REVOKED, SUSPENDED = "revoked", "suspended"
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice says."""

    state: str
    """`revoked` or `suspended`."""
    reason: str
    """A sentence for the public."""


def notice_url(list_url: str, credential_id: str) -> str:
    """Return where the notice of a credential is published, whose status list is at `list_url`."""
    return f"{list_url.rpartition('/')[0]}/notices/{credential_id.removeprefix('urn:uuid:')}.json"


def build_notice(url: str, issuer_did: str, credential_id: str, notice: Notice, made: datetime) -> dict[str, Any]:
    """Return the unsigned notice that is published at `url`. Sign it with `proof.add_proof`."""
    return {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential"],
        "issuer": issuer_did,
        "validFrom": timestamp(made),
        "credentialSubject": {"id": credential_id, "name": notice.state, "description": notice.reason},
    }


def read_notice(document: Mapping[str, Any], url: str, issuer_did: str, credential_id: str) -> Notice | None:
    """Return what a notice says, whose proof the caller has checked; None if it is not the notice of this credential by this issuer."""
    subject = document.get("credentialSubject")
    if (document.get("@context"), document.get("id"), document.get("issuer")) != ([CREDENTIALS_V2], url, issuer_did):
        return None
    if not isinstance(subject, Mapping) or subject.get("id") != credential_id:
        return None
    state, reason = subject.get("name"), subject.get("description")
    if state not in (REVOKED, SUSPENDED) or not isinstance(reason, str) or len(reason) > _LONGEST or not reason.isprintable():
        return None
    return Notice(str(state), reason)
