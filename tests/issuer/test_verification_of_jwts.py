"""Credentials in the form of a JWT are checked as strictly as those with a proof inside."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.credential import build_credential
from issuer.did import did_document
from issuer.keys import SigningKey, generate_key
from issuer.svg_baking import bake_svg
from issuer.vc_jwt import sign_jwt
from issuer.verification import State, Verdict, VerificationReport, verify_credential_jwt
from portal.verifying import verify_source
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, STATUS_URL, example_award, example_key, example_manifest
from tests.issuer.test_verification import Publications, Unreachable, status_list

KEY = generate_key("P-256")
AWARD = example_award()
DOCUMENT = build_credential(example_manifest(), PROFILE, AWARD, BASE_URL)
JWT = sign_jwt(DOCUMENT, KEY.signer(DID))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def published(*withdrawn: int) -> Publications:
    """Return what an issuer with both kinds of keys publishes."""
    return Publications({DID: did_document(DID, [example_key().multikey, KEY.multikey])}, {STATUS_URL: status_list(*withdrawn)})


def verify(text: str, *withdrawn: int, later: timedelta = timedelta()) -> VerificationReport:
    return verify_credential_jwt(text, resolver=published(*withdrawn), now=NOW + later)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def forged(*, header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None, key: SigningKey = KEY) -> str:
    """Return the JWT with another header or payload, signed again by `key`."""
    first, second, _ = JWT.split(".")
    own_header, own_payload = (json.loads(base64.urlsafe_b64decode(each + "==")) for each in (first, second))
    signed = f"{part(own_header | (header or {}))}.{part(own_payload | (payload or {}))}"
    return f"{signed}.{part(key.sign(signed.encode()))}"


def test_what_the_issuer_signed_and_did_not_withdraw_is_valid() -> None:
    report = verify(JWT)
    assert report.verdict is Verdict.VALID, report
    assert report.facts is not None
    assert (report.facts.learner_name, report.facts.issuer_id) == (AWARD.learner_name, DID)


def test_a_withdrawn_and_an_expired_one_are_said_to_be_so() -> None:
    assert AWARD.status is not None
    assert verify(JWT, AWARD.status.index).verdict is Verdict.WITHDRAWN
    assert verify(JWT, later=timedelta(days=5 * 365)).verdict is not Verdict.VALID
    assert sign_and_verify(replace(AWARD, valid_until=NOW - timedelta(days=1))).verdict is Verdict.EXPIRED


def sign_and_verify(award: Any) -> VerificationReport:
    return verify(sign_jwt(build_credential(example_manifest(), PROFILE, award, BASE_URL), KEY.signer(DID)))


@given(st.integers(0, len(JWT) - 1), st.sampled_from("Aq9_-.=é "))
@settings(max_examples=120)
def test_no_changed_letter_is_accepted_and_nothing_of_it_is_repeated(place: int, letter: str) -> None:
    changed = JWT[:place] + letter + JWT[place + 1 :]
    if changed == JWT:
        return
    report = verify(changed)
    assert report.verdict in {Verdict.ALTERED, Verdict.CANNOT_CHECK}
    assert report.facts is None


@pytest.mark.parametrize(
    "text",
    [
        "eyJ",
        "eyJ..",
        f"{part({'alg': 'none'})}.{JWT.split('.')[1]}.",
        forged(header={"alg": "none"}),
        forged(header={"alg": "HS256"}),
        forged(header={"crit": ["x"], "x": 1}),
        forged(header={"jwk": {"kty": "EC"}}),
        forged(header={"jku": "https://thief.example/keys"}),
        forged(payload={"@context": ["https://www.w3.org/ns/credentials/v2"]}),
        forged(payload={"issuer": "did:web:elsewhere.example"}),
        forged(payload={"vc": DOCUMENT, "type": ["x"]}),
        "eyJ" * 400_000,
    ],
)
def test_what_is_no_jwt_of_a_badge_cannot_be_checked(text: str) -> None:
    report = verify(text)
    assert report.verdict is Verdict.CANNOT_CHECK
    assert report.checks[0].state is State.FAILED


@pytest.mark.parametrize(
    "text",
    [
        forged(key=generate_key("P-256")),
        forged(payload={"exp": 4_000_000_000}),
        forged(payload={"iss": "did:web:elsewhere.example"}),
        forged(header={"kid": f"{DID}#{example_key().multikey}"}),
        forged(header={"kid": f"{DID}#z6MkNobody"}),
    ],
)
def test_another_key_or_claims_that_contradict_are_no_signature(text: str) -> None:
    assert verify(text).verdict is Verdict.ALTERED


def test_a_stranger_who_signs_in_the_issuers_name_is_caught() -> None:
    stranger, theirs = generate_key("P-256"), "did:web:stranger.example"
    text = forged(header={"kid": f"{theirs}#{stranger.multikey}"}, key=stranger)
    documents = published().documents | {theirs: did_document(theirs, [stranger.multikey])}
    report = verify_credential_jwt(text, resolver=Publications(documents, {STATUS_URL: status_list()}), now=NOW)
    assert report.verdict is Verdict.ALTERED
    assert report.facts is None


def test_an_issuer_that_cannot_be_reached_is_said() -> None:
    report = verify_credential_jwt(JWT, resolver=Unreachable(), now=NOW)
    assert report.verdict is Verdict.CANNOT_CHECK
    assert "could not be had" in report.checks[1].sentence


@pytest.mark.parametrize("name", ["c.jwt", "c.json", "c.svg"])
def test_files_that_carry_a_jwt_are_read_whatever_their_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bake_svg(SVG, JWT) if name.endswith("svg") else f"\n{JWT}\n".encode())
    result = verify_source(str(path), resolver=published(), now=NOW, offline=True)
    assert result.is_good, result
