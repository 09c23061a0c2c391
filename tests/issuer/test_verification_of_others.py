"""What honest strangers make otherwise than we do: the other cryptosuite, other contexts, several lists of withdrawals, records of badges."""

from __future__ import annotations

import json
import uuid
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from issuer.canonical_json import canonical_json
from issuer.clr import Badge, LearnerRecord, build_record
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES
from issuer.credential import build_credential
from issuer.did import did_document
from issuer.multibase import encode_base58btc
from issuer.proof import add_proof, hash_data, proof_options
from issuer.status_list import StatusBits, build_status_list
from issuer.verification import State, Verdict, verify_credential
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, STATUS_URL, example_manifest
from tests.issuer.test_verification import AWARD, ISSUED, KEY, Document, Publications, changed, publications, signed, status_list, verify

SUSPENSIONS = "https://badges.uni.example/status/suspended.json"


def unsigned() -> Document:
    return build_credential(example_manifest(), PROFILE, AWARD, BASE_URL)


@cache
def signed_as_json() -> Document:
    """Return the badge with a proof of `eddsa-jcs-2022`, as other issuers make it."""
    document = unsigned()
    options = proof_options(KEY.signer(DID), ISSUED) | {"cryptosuite": "eddsa-jcs-2022", "@context": document["@context"]}
    signature = KEY.sign(hash_data(canonical_json(document), canonical_json(options)))
    return {**document, "proof": [{**options, "proofValue": encode_base58btc(signature)}]}


def test_a_badge_whose_json_was_signed_is_valid_and_withdrawn_like_any_other() -> None:
    assert verify(signed_as_json()).verdict is Verdict.VALID
    assert verify(signed_as_json(), publications(94_567)).verdict is Verdict.WITHDRAWN


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("credentialSubject", "name"), "Mallory"),
        (("validUntil",), "2099-11-20T08:00:00Z"),
        (("proof", 0, "created"), "2020-01-01T00:00:00Z"),
        (("proof", 0, "cryptosuite"), "eddsa-rdfc-2022"),
        (("evidence",), []),
    ],
)
def test_a_changed_badge_whose_json_was_signed_is_not_relied_on(path: tuple[Any, ...], value: Any) -> None:
    report = verify(changed(signed_as_json(), path, value))
    assert report.verdict in (Verdict.ALTERED, Verdict.CANNOT_CHECK)
    assert "Mallory" not in repr(report)


def test_a_term_that_the_standard_does_not_define_is_refused_even_if_its_json_was_signed() -> None:
    document = unsigned() | {"honours": "summa cum laude"}
    options = proof_options(KEY.signer(DID), ISSUED) | {"cryptosuite": "eddsa-jcs-2022"}
    signature = KEY.sign(hash_data(canonical_json(document), canonical_json(options)))
    report = verify({**document, "proof": [{**options, "proofValue": encode_base58btc(signature)}]})
    assert report.verdict is Verdict.CANNOT_CHECK
    assert "does not define" in report.checks[0].sentence


@pytest.mark.parametrize("context", OPEN_BADGES)
def test_badges_of_every_shipped_context_are_checked_with_the_one_they_name(context: str) -> None:
    document = deepcopy(unsigned()) | {"@context": [CREDENTIALS_V2, context]}
    del document["awardedDate"], document["credentialSubject"]["achievement"]["inLanguage"]  # 3.0.2 does not define them
    document = add_proof(document, KEY.signer(DID), ISSUED)
    assert verify(document).verdict is Verdict.VALID
    assert verify(changed(document, ("credentialSubject", "name"), "Mallory")).verdict is Verdict.ALTERED


def test_a_known_shape_with_another_context_is_no_known_shape() -> None:
    assert verify(signed()).verdict is Verdict.VALID
    for context in (*OPEN_BADGES[:-1], "https://evil.example/context.json"):
        report = verify(changed(signed(), ("@context", 1), context))
        assert report.verdict in (Verdict.ALTERED, Verdict.CANNOT_CHECK)


def twice_listed(*, suspended: bool = False, revoked: bool = False) -> tuple[Document, Publications]:
    document = unsigned()
    entry = document["credentialStatus"]
    other = entry | {
        "id": f"urn:uuid:{uuid.uuid4()}",
        "statusPurpose": "suspension",
        "statusListIndex": "7",
        "statusListCredential": SUSPENSIONS,
    }
    document = add_proof(document | {"credentialStatus": [entry, other]}, KEY.signer(DID), ISSUED)
    bits = StatusBits().with_bits([7] if suspended else [])
    suspensions = add_proof(build_status_list(SUSPENSIONS, DID, bits, ISSUED, purpose="suspension"), KEY.signer(DID), ISSUED)
    lists = {STATUS_URL: status_list(*([94_567] if revoked else [])), SUSPENSIONS: suspensions}
    return document, Publications({DID: did_document(DID, [KEY.multikey])}, lists)


def test_every_list_of_withdrawals_that_a_badge_names_is_looked_up() -> None:
    for suspended, revoked in ((False, False), (True, False), (False, True), (True, True)):
        document, published = twice_listed(suspended=suspended, revoked=revoked)
        report = verify(document, published)
        assert report.verdict is (Verdict.WITHDRAWN if suspended or revoked else Verdict.VALID)
        assert ("suspended" in report.checks[3].sentence) == suspended
        assert ("withdrew" in report.checks[3].sentence) == revoked


def test_one_list_that_cannot_be_had_leaves_it_unknown_unless_another_says_withdrawn() -> None:
    document, published = twice_listed(revoked=True)
    del published.lists[SUSPENSIONS]
    assert verify(document, published).verdict is Verdict.WITHDRAWN
    document, published = twice_listed()
    del published.lists[SUSPENSIONS]
    report = verify(document, published)
    assert (report.verdict, report.checks[3].state) == (Verdict.CANNOT_CHECK, State.NOT_CHECKED)


def test_a_hundred_lists_are_not_fetched() -> None:
    document = unsigned()
    entries = [document["credentialStatus"] | {"id": f"urn:uuid:{uuid.uuid4()}"} for _ in range(100)]
    report = verify(add_proof(document | {"credentialStatus": entries}, KEY.signer(DID), ISSUED))
    assert report.verdict is Verdict.CANNOT_CHECK
    assert "100 lists" in report.checks[3].sentence


@cache
def record() -> Document:
    learner = LearnerRecord(
        f"urn:uuid:{uuid.uuid4()}", f"urn:uuid:{uuid.uuid4()}", AWARD.learner_email, "ab" * 16, ISSUED, is_partial=False
    )
    return add_proof(build_record(PROFILE, learner, [Badge(signed(), example_manifest())], BASE_URL), KEY.signer(DID), ISSUED)


def test_of_a_record_the_record_and_each_badge_are_checked() -> None:
    report = verify(record())
    assert report.verdict is Verdict.VALID_WITH_A_NOTE  # a record has no list of withdrawals
    assert report.facts is not None
    assert "1 micro-credential" in report.facts.title
    (badge,) = report.badges
    assert badge == verify(signed())


def test_a_withdrawn_badge_in_a_record_is_said_to_be_withdrawn() -> None:
    report = verify(record(), publications(94_567))
    assert report.verdict is Verdict.VALID_WITH_A_NOTE
    assert [badge.verdict for badge in report.badges] == [Verdict.WITHDRAWN]


def test_a_changed_badge_in_a_record_breaks_the_record_and_is_not_repeated() -> None:
    report = verify(changed(record(), ("credentialSubject", "verifiableCredential", 0, "credentialSubject", "name"), "Mallory"))
    assert (report.verdict, report.facts, report.badges) == (Verdict.ALTERED, None, ())
    assert "Mallory" not in repr(report)


def test_a_badge_that_another_put_into_a_record_of_theirs_is_checked_by_its_own_signature() -> None:
    document = deepcopy(record())
    del document["proof"]
    document["credentialSubject"]["verifiableCredential"][0]["credentialSubject"]["name"] = "Mallory"
    report = verify(add_proof(document, KEY.signer(DID), ISSUED))
    assert report.facts is not None
    (badge,) = report.badges
    assert (badge.verdict, badge.facts) == (Verdict.ALTERED, None)


@pytest.mark.parametrize("held", [[], ["x"], [{}] * 60, {}, None, "x"])
def test_a_record_of_something_else_than_badges_cannot_be_checked(held: Any) -> None:
    document = deepcopy(record())
    document["credentialSubject"]["verifiableCredential"] = held
    report = verify_credential(json.loads(json.dumps(document)), resolver=publications(), now=NOW)
    assert report.verdict is Verdict.CANNOT_CHECK
