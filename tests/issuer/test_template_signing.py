"""What is signed from a template is, letter by letter, what is signed the slow way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from issuer.errors import CanonicalisationError, CredentialRefusedError
from issuer.proof import add_proof, verify_proof
from issuer.template_signing import TemplateSigner, signed_json
from tests.issuer.examples import DID, NOW, example_award, example_key
from tests.issuer.learner_values import awards, unsigned

pytestmark = pytest.mark.slow

_SIGNER = TemplateSigner(example_key().signer(DID), NOW)


@given(awards())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_json_and_signature_are_those_of_the_slow_way(award: Any) -> None:
    document = unsigned(award)
    assert _SIGNER.sign(document) == signed_json(add_proof(document, example_key().signer(DID), NOW))


@pytest.mark.thorough
@given(awards())
@settings(max_examples=4000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_json_and_signature_are_those_of_the_slow_way_for_thousands(award: Any) -> None:
    document = unsigned(award)
    assert _SIGNER.sign(document) == signed_json(add_proof(document, example_key().signer(DID), NOW))


def test_only_the_first_credential_of_a_shape_takes_the_slow_way() -> None:
    signer = TemplateSigner(example_key().signer(DID), NOW)
    for number in range(30):
        award = replace(example_award(), salt=f"{number:032x}", learner_name=None if number % 2 else f"Learner {number}")
        signed = json.loads(signer.sign(unsigned(award)))
        verify_proof(signed, lambda _: example_key().public_bytes)
    assert signer.slow == 2


def test_a_shape_without_a_template_is_signed_the_slow_way() -> None:
    signer = TemplateSigner(example_key().signer(DID), NOW)
    for number in range(2):
        document = unsigned(replace(example_award(), subject_id=f"did:example:learner{number}"))
        assert signer.sign(document) == signed_json(add_proof(document, example_key().signer(DID), NOW))
    assert signer.slow == 2


def test_what_no_signature_covers_is_refused_after_a_template_exists() -> None:
    signer = TemplateSigner(example_key().signer(DID), NOW)
    document = unsigned(example_award())
    signed = json.loads(signer.sign(document))
    with pytest.raises(CanonicalisationError, match="is defined by none"):
        signer.sign({**document, "invented": "x"})
    with pytest.raises(CanonicalisationError, match="control character"):
        signer.sign({**document, "credentialSubject": {**document["credentialSubject"], "name": "a\x00"}})
    with pytest.raises(CredentialRefusedError, match="signed already"):
        signer.sign(signed)
