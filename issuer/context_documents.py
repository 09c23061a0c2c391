"""The JSON-LD contexts that we sign and verify with, read from this package and from nowhere else.

Rules: the network is never asked; the bytes of a context are compared with the sha256 recorded in `contexts/sources.json`; an address that
is not listed there is refused. A context decides what a signature covers, so a context that changed is a reason to stop.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from issuer.errors import ContextError

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES = (
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",
    OPEN_BADGES_3,
)
"""What badges on Verifiable Credentials 2.0 use (3.0.0 and 3.0.1 belong to version 1.1). Ours use the last."""
CLR_2 = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"


@dataclass(frozen=True, slots=True)
class ContextSource:
    """Where a context that we ship comes from."""

    url: str
    file: str
    sha256: str
    source: str
    version: str
    licence: str


@cache
def shipped_contexts() -> Mapping[str, ContextSource]:
    """Return the sources of all contexts that we ship, by their address."""
    listed = json.loads((files("issuer") / "contexts" / "sources.json").read_bytes())
    return {entry["url"]: ContextSource(**entry) for entry in listed}


@cache
def load_context(url: str) -> Any:
    """Return the context document published at `url`, from our own copy. Treat it as read-only: it is shared.

    Raises:
        ContextError: we do not ship it, or our copy is not the recorded one.
    """
    source = shipped_contexts().get(url)
    if source is None:
        raise ContextError(
            f"the document uses the JSON-LD context {url[:200]!r}, which is not one of ours",
            remedy="Known are: " + ", ".join(shipped_contexts()) + ". Others are never fetched: they could change what was signed.",
        )
    data = (files("issuer") / "contexts" / source.file).read_bytes()
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise ContextError(
            "the file is not the context that was recorded: its sha256 differs",
            where=f"issuer/contexts/{source.file}",
            remedy="Install Patunay again; if you changed the file on purpose, know that old signatures will not verify with it.",
        )
    return json.loads(data)
