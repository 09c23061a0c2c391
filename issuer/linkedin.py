"""The link that opens LinkedIn's "add to profile" form with a credential filled in. A plain link: no script, nothing is sent before the click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

_FORM = "https://www.linkedin.com/profile/add"


@dataclass(frozen=True, slots=True)
class Certification:
    """What the form is filled with."""

    name: str
    organisation: str
    """The institution's name, or its number on LinkedIn, which shows its logo."""
    issued: date
    url: str
    """A public page: the learner decides at the click."""
    credential_id: str
    expires: date | None = None


def add_to_profile_link(certification: Certification) -> str:
    """Return the link, with every value percent-encoded."""
    values = {
        "startTask": "CERTIFICATION_NAME",
        "name": certification.name,
        "organizationId" if certification.organisation.isdecimal() else "organizationName": certification.organisation,
        "issueYear": str(certification.issued.year),
        "issueMonth": str(certification.issued.month),
    }
    if certification.expires is not None:
        values |= {"expirationYear": str(certification.expires.year), "expirationMonth": str(certification.expires.month)}
    values |= {"certUrl": certification.url, "certId": certification.credential_id}
    return f"{_FORM}?{urlencode(values, quote_via=quote, safe='')}"
