from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.credential import Award, build_credential
from issuer.did import did_document, did_key
from issuer.errors import ResolutionError
from issuer.keys import SigningKey
from issuer.proof import add_proof
from issuer.status_list import StatusBits, build_status_list
from issuer.verification import CHECK_NAMES, Found, State, Verdict, VerificationReport, verify_credential
from tests.issuer.examples import BASE_URL, DID, NOW, PROFILE, STATUS_URL, example_award, example_key, example_manifest

AWARD = example_award()
KEY = example_key()
ISSUED = AWARD.valid_from
Document = dict[str, Any]


@dataclass(frozen=True)
class Publications:
    """What an issuer publishes: a resolver that holds it all."""

    documents: dict[str, Document]
    lists: dict[str, Document] = field(default_factory=dict)
    authoritative: bool = True

    def find_did_document(self, did: str) -> Found | None:
        return self._find(self.documents, did)

    def find_status_list(self, url: str) -> Found | None:
        return self._find(self.lists, url)

    def _find(self, shelf: dict[str, Document], name: str) -> Found | None:
        return Found(shelf[name], "https://badges.uni.example/", self.authoritative) if name in shelf else None


class Unreachable:
    """An issuer whose web site is down."""

    def find_did_document(self, did: str) -> Found | None:
        raise ResolutionError("badges.uni.example cannot be reached")

    def find_status_list(self, url: str) -> Found | None:
        raise ResolutionError("badges.uni.example cannot be reached")


@cache
def status_list(*withdrawn: int, key: SigningKey = KEY, purpose: str = "revocation") -> Document:
    bits = StatusBits().with_bits(withdrawn)
    return add_proof(build_status_list(STATUS_URL, DID, bits, ISSUED, purpose=purpose), key.signer(DID), ISSUED)


def publications(*withdrawn: int) -> Publications:
    return Publications({DID: did_document(DID, [KEY.multikey])}, {STATUS_URL: status_list(*withdrawn)})


@cache
def signed(award: Award = AWARD, key: SigningKey = KEY, did: str = DID) -> Document:
    return add_proof(build_credential(example_manifest(), replace(PROFILE, did=did), award, BASE_URL), key.signer(did), ISSUED)


def verify(document: Document, resolver: Any = None) -> VerificationReport:
    return verify_credential(document, resolver=resolver or publications(), now=NOW)


def states(report: VerificationReport) -> list[str]:
    assert tuple(check.name for check in report.checks) == CHECK_NAMES
    return [check.state.value for check in report.checks]


def test_what_the_issuer_signed_and_did_not_withdraw_is_valid() -> None:
    report = verify(signed())
    assert report.verdict is Verdict.VALID
    assert states(report) == ["passed"] * 5
    assert report.facts is not None
    assert report.facts.learner_name == AWARD.learner_name
    assert report.facts.title == "Cleaning data with pandas"
    assert verify(json.loads(json.dumps(signed()))).verdict is Verdict.VALID


def test_a_withdrawn_credential_is_withdrawn_and_its_neighbours_are_not() -> None:
    assert verify(signed(), publications(94_567)).verdict is Verdict.WITHDRAWN
    assert verify(signed(), publications(94_566, 94_568)).verdict is Verdict.VALID


def test_an_expired_credential_is_expired_and_withdrawn_comes_first() -> None:
    late = NOW + timedelta(days=2000)
    report = verify_credential(signed(), resolver=publications(), now=late)
    assert report.verdict is Verdict.EXPIRED
    assert "expired on 2029-11-20" in report.checks[4].sentence
    assert verify_credential(signed(), resolver=publications(94_567), now=late).verdict is Verdict.WITHDRAWN


def test_a_credential_of_the_future_is_not_yet_valid_but_clocks_may_differ_by_minutes() -> None:
    moment = NOW + timedelta(days=1)
    coming = signed(replace(AWARD, valid_from=moment, awarded_on=moment))
    assert verify(coming).verdict is Verdict.NOT_YET_VALID
    moment = NOW + timedelta(minutes=4)
    assert verify(signed(replace(AWARD, valid_from=moment, awarded_on=moment))).verdict is Verdict.VALID


def changed(document: Document, path: tuple[Any, ...], value: Any) -> Document:
    copy = deepcopy(document)
    holder: Any = copy
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("credentialSubject", "name"), "Mallory"),
        (("credentialSubject", "result", 0, "value"), "100"),
        (("credentialSubject", "achievement", "name"), "Doctor of Philosophy"),
        (("validUntil",), "2099-11-20T08:00:00Z"),
        (("credentialStatus", "statusListIndex"), "1"),
        (("evidence", 0, "digestMultibase"), "uEiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (("issuer", "name"), "Another University"),
        (("proof", 0, "created"), "2020-01-01T00:00:00Z"),
    ],
)
def test_a_changed_value_fails_verification_and_nothing_of_the_document_is_repeated(path: tuple[Any, ...], value: str) -> None:
    report = verify(changed(signed(), path, value))
    assert report.verdict is Verdict.ALTERED
    assert states(report) == ["passed", "failed", "not checked", "not checked", "not checked"]
    assert report.facts is None
    for said in ("Mallory", "Juana", "Doctor", "Another University", "Cleaning"):
        assert said not in repr(report)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["name", "learnerNote", "id", "credentialStatus", "evidence", "issuer", "type", "@context", "proof", "validFrom"]),
    st.data(),
)
def test_whatever_stands_in_a_field_a_report_comes_back_and_nothing_else_passes(name: str, data: st.DataObject) -> None:
    value = data.draw(
        st.sampled_from([None, [], {}, "", "secret-of-mallory", 7, True, [None], {"id": "secret-of-mallory"}, ["secret-of-mallory"]])
    )
    if signed().get(name) == value:
        return
    report = verify(signed() | {name: value})
    assert report.verdict in (Verdict.ALTERED, Verdict.CANNOT_CHECK)
    assert report.facts is None
    assert "secret-of-mallory" not in repr(report)


def moved_status(document: Document) -> Document:
    """The same RDF, so the signature would fit, but a reader of the JSON would see no status."""
    copy = deepcopy(document)
    copy["https://www.w3.org/2018/credentials#credentialStatus"] = copy.pop("credentialStatus")
    return copy


def expiry_in_a_list(document: Document) -> Document:
    copy = deepcopy(document)
    copy["validUntil"] = [copy["validUntil"]]
    return copy


def expiry_as_a_value_object(document: Document) -> Document:
    copy = deepcopy(document)
    copy["validUntil"] = {"@value": copy["validUntil"]}
    return copy


def name_in_a_list(document: Document) -> Document:
    copy = deepcopy(document)
    copy["credentialSubject"]["name"] = [copy["credentialSubject"]["name"]]
    return copy


def status_within_included(document: Document) -> Document:
    copy = deepcopy(document)
    copy["@included"] = [{"id": copy["id"], "type": ["VerifiableCredential"], "credentialStatus": copy.pop("credentialStatus")}]
    return copy


@pytest.mark.parametrize("disguise", [moved_status, expiry_in_a_list, expiry_as_a_value_object, name_in_a_list, status_within_included])
def test_a_document_that_says_the_same_to_the_signature_but_hides_it_from_the_reader_is_not_valid(
    disguise: Callable[[Document], Document],
) -> None:
    report = verify(disguise(signed()), publications(94_567))
    assert report.verdict is Verdict.CANNOT_CHECK


def test_a_key_that_the_issuer_does_not_publish_signs_nothing_for_it() -> None:
    report = verify(signed(key=example_key(2)))
    assert report.verdict is Verdict.ALTERED
    assert "publish the key" in report.checks[1].sentence
    assert report.facts is None


def test_a_signature_by_somebody_else_in_the_issuers_name_is_caught() -> None:
    other = example_key(2)
    did = did_key(other.public_bytes)
    forged = add_proof(build_credential(example_manifest(), PROFILE, AWARD, BASE_URL), other.signer(did), ISSUED)
    resolver = Publications({did: did_document(did, [other.multikey])}, publications().lists)
    report = verify(forged, resolver)
    assert report.verdict is Verdict.ALTERED
    assert states(report)[2] == "failed"
    assert report.facts is None


def test_the_key_list_of_somebody_else_does_not_count() -> None:
    resolver = Publications({DID: did_document("did:web:evil.example", [KEY.multikey])})
    assert verify(signed(), resolver).verdict is Verdict.CANNOT_CHECK


def test_a_retired_key_still_verifies_and_a_removed_one_does_not() -> None:
    new = example_key(2)
    retired = Publications({DID: did_document(DID, [new.multikey, KEY.multikey])}, publications().lists)
    assert verify(signed(), retired).verdict is Verdict.VALID
    removed = Publications({DID: did_document(DID, [new.multikey])}, publications().lists)
    assert verify(signed(), removed).verdict is Verdict.ALTERED


def test_an_issuer_that_cannot_be_reached_is_said_and_never_a_pass() -> None:
    report = verify(signed(), Unreachable())
    assert report.verdict is Verdict.CANNOT_CHECK
    assert states(report)[1:] == ["not checked"] * 4
    assert "cannot be reached" in report.checks[1].sentence
    assert verify(signed(), Publications({})).verdict is Verdict.CANNOT_CHECK


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ({}, "nobody could be asked"),
        ({STATUS_URL: status_list(key=example_key(2))}, "somebody else than the issuer"),
        ({STATUS_URL: status_list(purpose="suspension")}, "not for 'revocation'"),
        ({STATUS_URL: status_list() | {"proof": []}}, "not signed"),
        ({STATUS_URL: status_list(3) | {"credentialSubject": status_list()["credentialSubject"]}}, "was changed"),
        ({STATUS_URL: {"error": "not found"}}, "other terms"),
        ({STATUS_URL: {}}, "other terms"),
    ],
)
def test_a_status_that_could_not_be_checked_is_said_as_such(published: dict[str, Document], words: str) -> None:
    report = verify(signed(), Publications(publications().documents, published))
    assert report.verdict is Verdict.CANNOT_CHECK
    assert states(report) == ["passed", "passed", "passed", "not checked", "passed"]
    assert words in report.checks[3].sentence
    assert report.facts is not None


def test_a_list_of_withdrawals_that_is_out_of_date_is_no_answer() -> None:
    document = build_status_list(STATUS_URL, DID, StatusBits(), ISSUED, valid_until=ISSUED + timedelta(days=1))
    stale = {STATUS_URL: add_proof(document, KEY.signer(DID), ISSUED)}
    report = verify(signed(), Publications(publications().documents, stale))
    assert report.verdict is Verdict.CANNOT_CHECK
    assert "out of date" in report.checks[3].sentence


def test_an_old_list_of_somebody_else_cannot_stand_in_for_the_issuers() -> None:
    other = example_key(3)
    did = did_key(other.public_bytes)
    document = build_status_list(STATUS_URL, DID, StatusBits(), ISSUED)
    resolver = Publications(
        publications().documents | {did: did_document(did, [other.multikey])}, {STATUS_URL: add_proof(document, other.signer(did), ISSUED)}
    )
    assert verify(signed(), resolver).verdict is Verdict.CANNOT_CHECK


def test_without_a_status_list_the_verdict_carries_a_note() -> None:
    report = verify(signed(replace(AWARD, status=None)))
    assert report.verdict is Verdict.VALID_WITH_A_NOTE
    assert report.checks[3].state is State.WARNING


def test_copies_of_what_the_issuer_publishes_earn_a_note() -> None:
    report = verify(signed(), replace(publications(), authoritative=False))
    assert report.verdict is Verdict.VALID_WITH_A_NOTE
    assert states(report) == ["passed", "passed", "warning", "warning", "passed"]


def test_an_issuer_known_by_its_key_alone_earns_a_note() -> None:
    did = did_key(KEY.public_bytes)
    document = signed(replace(AWARD, status=None), did=did)
    report = verify(document, Publications({did: did_document(did, [KEY.multikey])}))
    assert report.verdict is Verdict.VALID_WITH_A_NOTE
    assert "nothing ties this key to an institution" in report.checks[2].sentence


@pytest.mark.parametrize(
    "document",
    [{}, {"@context": []}, {"type": "x"}, signed() | {"@context": ["https://www.w3.org/ns/credentials/v2"]}, signed() | {"proof": None}],
)
def test_what_is_no_open_badge_cannot_be_checked(document: Document) -> None:
    report = verify(document)
    assert report.verdict is Verdict.CANNOT_CHECK
    assert states(report) == ["failed", *["not checked"] * 4]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["id", "issuer", "validFrom", "validUntil", "credentialSubject", "proof", "type", "@context"]), st.data())
def test_whatever_stands_in_a_status_list_it_is_no_pass_unless_the_issuer_signed_it(name: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from([None, [], {}, "", "x", 7, [None], {"encodedList": 1}, [{"type": "DataIntegrityProof"}]]))
    report = verify(signed(), Publications(publications().documents, {STATUS_URL: status_list() | {name: value}}))
    assert report.verdict is Verdict.CANNOT_CHECK
    assert states(report)[3] == "not checked"
