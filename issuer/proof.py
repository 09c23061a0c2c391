"""Data Integrity proofs: signing with the cryptosuite `eddsa-rdfc-2022`, checking that and `eddsa-jcs-2022`, which strangers use.

Source: W3C Data Integrity EdDSA Cryptosuites v1.0 ("vc-di-eddsa"), sections 3.2 and 3.3; W3C Verifiable Credential Data Integrity 1.0 ("vc-di").
The steps below carry the numbers of those sections. A document is verified as it was received: never one that we parsed and wrote again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from issuer.canonical import ContextLoader, canonicalise
from issuer.canonical_json import canonical_json
from issuer.context_documents import load_context
from issuer.errors import CredentialRefusedError, EncodingError, ProofError, SignatureMismatchError
from issuer.keys import Signer
from issuer.multibase import decode_multibase, encode_base58btc

CRYPTOSUITE = "eddsa-rdfc-2022"
"""What we sign with."""
JCS_CRYPTOSUITE = "eddsa-jcs-2022"

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

KeyResolver = Callable[[str], bytes]
"""Gives the 32-byte public key published as a verification method, or raises a DiagnosedError."""


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """What a proof that fits says of itself."""

    verification_method: str
    created: datetime | None


def add_proof(document: Mapping[str, Any], signer: Signer, created: datetime, *, load: ContextLoader = load_context) -> dict[str, Any]:
    """Return `document` with a `proof`: a list of one Data Integrity proof, `created` to the second.

    Raises:
        CredentialRefusedError: it has a proof already, or `created` has no time zone.
        CanonicalisationError: something in it would not be covered by the signature.
    """
    if "proof" in document:
        raise CredentialRefusedError("the document is signed already", where="proof")
    # vc-di-eddsa 3.2.1 (Create Proof), steps 1 and 2, with 3.2.5 (Proof Configuration)
    options = proof_options(signer, created)
    # steps 3 to 5: transform, hash, serialise
    signature = signer.sign(hash_data(canonicalise(document, load=load), canonical_configuration(document, options, load=load)))
    # step 6: the signature as multibase base58btc
    return {**document, "proof": [{**options, "proofValue": encode_base58btc(signature)}]}


def proof_options(signer: Signer, created: datetime) -> dict[str, str]:
    """Return the proof without its value (vc-di-eddsa 3.2.5)."""
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": timestamp(created),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
    }


def canonical_configuration(document: Mapping[str, Any], options: Mapping[str, Any], *, load: ContextLoader = load_context) -> str:
    """Return the canonical form of a proof's options, read with the document's own contexts (vc-di-eddsa 3.2.5, steps 4 to 6)."""
    configuration = {**options, "@context": document["@context"]}
    if load is load_context and all(isinstance(each, str) for each in options.values()):
        return _remembered_configuration(json.dumps(configuration))
    return canonicalise(configuration, load=load)


@functools.lru_cache(maxsize=256)
def _remembered_configuration(configuration: str) -> str:
    """Return the canonical form of the options in this JSON: a whole batch has the same ones."""
    return canonicalise(json.loads(configuration))


def hash_data(canonical_document: str, canonical_options: str) -> bytes:
    """Return the 64 bytes that are signed: the hash of the proof options, then the hash of the document (vc-di-eddsa 3.2.4)."""
    return hashlib.sha256(canonical_options.encode()).digest() + hashlib.sha256(canonical_document.encode()).digest()


def verify_proof(
    document: Mapping[str, Any], resolve_key: KeyResolver, *, canonical: str | None = None, load: ContextLoader = load_context
) -> CheckedProof:
    """Return what the proof of `document` says of itself, after it was found to fit.

    Args:
        canonical: the canonical form (RDFC-1.0) of `document` without its proof, if the caller has it already.

    Raises:
        ProofError: there is no proof, more than one, or one of another kind.
        SignatureMismatchError: the document is not what was signed, or another key signed it.
        CanonicalisationError: something in the document is covered by no signature.
    """
    proof = single_proof(document)
    # vc-di-eddsa 3.2.2 and 3.3.2 (Verify Proof), steps 1 to 3
    signature = _signature(proof)
    method = str(proof["verificationMethod"])
    # the steps up to Proof Verification
    options = {key: value for key, value in proof.items() if key != "proofValue"}
    if proof["cryptosuite"] == JCS_CRYPTOSUITE:  # 3.3: the options are hashed as they stand
        data = hash_data(canonical_json(unsecured(document)), canonical_json(options))
    else:  # 3.2: they are read with the document's contexts, which they may repeat
        options.pop("@context", None)
        data = hash_data(canonical or canonicalise(unsecured(document), load=load), canonical_configuration(document, options, load=load))
    try:
        _public_key(resolve_key(method)).verify(signature, data)
    except InvalidSignature as mismatch:
        raise SignatureMismatchError("the signature does not fit: the document was changed after it was signed") from mismatch
    return CheckedProof(method, parse_timestamp(proof["created"]) if "created" in proof else None)


@lru_cache(maxsize=64)
def _public_key(data: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(data)


def unsecured(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` without its proof: what the signature is over."""
    return {key: value for key, value in document.items() if key != "proof"}


def single_proof(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one proof of `document`, after its form was checked (vc-di 4.4, Verify Proof).

    Raises:
        ProofError: there is none, more than one, or one that is not a well-formed assertion of one of the two cryptosuites.
    """
    if not document.get("@context"):
        raise ProofError("the document has no @context, so it cannot be told what was signed")
    proofs = document.get("proof")
    listed = proofs if isinstance(proofs, list) else [proofs] if proofs is not None else []
    if len(listed) != 1 or not isinstance(listed[0], Mapping):
        raise ProofError("the document is not signed" if not listed else "the document must carry exactly one proof")
    proof: Mapping[str, Any] = listed[0]
    wanted = {"type": ("DataIntegrityProof",), "cryptosuite": (CRYPTOSUITE, JCS_CRYPTOSUITE), "proofPurpose": ("assertionMethod",)}
    for name, values in wanted.items():
        if proof.get(name) not in values:
            raise ProofError(f"the proof's {name} is not {' or '.join(map(repr, values))}, the only one that is checked here")
    for name in ("verificationMethod", "proofValue"):
        if not isinstance(proof.get(name), str):
            raise ProofError(f"the proof has no {name}")
    if "created" in proof and not (isinstance(proof["created"], str) and _TIMESTAMP.fullmatch(proof["created"])):
        raise ProofError("the proof's `created` is no time with a time zone")
    if "@context" in proof and proof["@context"] != document["@context"]:
        raise ProofError("the proof is to be read with other contexts than the document")
    return proof


@lru_cache(maxsize=256)
def timestamp(moment: datetime) -> str:
    """Return `moment` in UTC to the second, such as 2026-11-20T08:00:00Z.

    Raises:
        CredentialRefusedError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise CredentialRefusedError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Return the time that an XML Schema dateTimeStamp names, in UTC.

    Raises:
        ProofError: it is none.
    """
    try:
        if _TIMESTAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ProofError(f"{text[:60]!r} is no time with a time zone")


def _signature(proof: Mapping[str, Any]) -> bytes:
    text = str(proof["proofValue"])
    try:
        signature = decode_multibase(text)
    except EncodingError as wrong:
        raise SignatureMismatchError(f"the signature is damaged: {wrong.problem}") from wrong
    if not text.startswith("z") or len(signature) != 64:
        raise SignatureMismatchError("the signature is damaged: it is not 64 bytes in base58btc")
    return signature
