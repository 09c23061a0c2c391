"""How verification asks for what a credential refers to. Who answers: `resolvers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from issuer.errors import ResolutionError


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a resolver found."""

    document: Mapping[str, Any]
    origin: str
    """Where it came from, in words: "https://uni.example/.well-known/did.json"."""
    authoritative: bool
    """Whether it came from the issuer's own address (or is computed from the identifier), not from a copy."""
    written: str = ""
    """The document as JSON, if who found it keeps that: it tells one version of a list from the next."""


class Resolver(Protocol):
    """Finds what a credential refers to. None: not mine to find. ResolutionError: mine, but it cannot be had."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the DID document of `did`."""
        ...

    def find_status_list(self, url: str) -> Found | None:
        """Return the status list credential published at `url`."""
        ...


def demand_did_document(did: str, resolver: Resolver) -> Found:
    """Return the DID document of `did`.

    Raises:
        ResolutionError: nobody has it, it cannot be had, or it is somebody else's.
    """
    found = resolver.find_did_document(did)
    if found is None:
        raise ResolutionError("nobody could be asked for the issuer's key")
    if found.document.get("id") != did:
        raise ResolutionError(f"what {found.origin} publishes is the key list of somebody else")
    return found
