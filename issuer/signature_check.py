"""Whether a credential's signature fits, and whose key made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from courses.errors import DiagnosedError
from issuer.did import find_assertion_key, find_jwt_key
from issuer.errors import CanonicalisationError, ProofError, ResolutionError, SignatureMismatchError
from issuer.proof import single_proof, verify_proof
from issuer.resolving import Found, Resolver, demand_did_document
from issuer.vc_jwt import verify_jwt
from issuer.verification_report import Check, CredentialFacts, State

_NAME = "Signature"
_FITS = Check(_NAME, State.PASSED, "The signature fits: nothing was changed since it was signed.")
_NO_SUCH_KEY = "the issuer does not, or no longer, publish the key that it names"


def check_signature(document: Mapping[str, Any], canonical: str, resolver: Resolver) -> tuple[Check, Found | None]:
    """Return whether the document's proof fits, and the issuer's DID document if it does.

    Args:
        canonical: the canonical form (RDFC-1.0) of the document without its proof.
    """
    method = str(single_proof(document)["verificationMethod"])
    try:
        found = demand_did_document(method.partition("#")[0], resolver)
        key = find_assertion_key(found.document, method)
        if key is None:
            return _failed(_NO_SUCH_KEY), None
        verify_proof(document, lambda _: key, canonical=canonical)
    except ResolutionError as unreachable:
        return _unreachable(unreachable), None
    except SignatureMismatchError:
        return _failed("it was changed after it was signed, or another key signed it"), None
    except (ProofError, CanonicalisationError):
        return _failed("the signature's own particulars were changed"), None
    return _FITS, found


def check_jwt_signature(text: str, method: str, resolver: Resolver) -> tuple[Check, Found | None]:
    """Return whether a JWT's signature fits, and the issuer's DID document if it does."""
    try:
        found = demand_did_document(method.partition("#")[0], resolver)
        key = find_jwt_key(found.document, method)
        if key is None:
            return _failed(_NO_SUCH_KEY), None
        verify_jwt(text, lambda _: key)
    except ResolutionError as unreachable:
        return _unreachable(unreachable), None
    except DiagnosedError as misfit:
        return _failed(misfit.problem.removeprefix("the signature does not fit: ")), None
    return _FITS, found


def check_issuer(method: str, facts: CredentialFacts, found: Found | None) -> Check:
    """Return whether the key that fitted is that of the issuer whom the document names."""
    did = method.partition("#")[0]
    if did != facts.issuer_id or found is None:
        return Check("Issuer", State.FAILED, "The key belongs to somebody else than the issuer that the document names. Do not rely on it.")
    if did.startswith("did:key:"):
        sentence = "The issuer is known by its key alone; nothing ties this key to an institution."
        return Check("Issuer", State.WARNING, sentence)
    if not found.authoritative:
        sentence = f"The issuer's key was read from a copy ({found.origin}), not from its own web site."
        return Check("Issuer", State.WARNING, sentence)
    return Check("Issuer", State.PASSED, f"The key is published by the issuer at {found.origin}.")


def _unreachable(error: ResolutionError) -> Check:
    sentence = f"The signature could not be checked, because the issuer's key could not be had: {error.problem}."
    return Check(_NAME, State.NOT_CHECKED, sentence)


def _failed(why: str) -> Check:
    return Check(_NAME, State.FAILED, f"The signature does not fit this document: {why}. Do not rely on it.")
