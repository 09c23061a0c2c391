from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.typed_toml import parse_typed
from issuer.canonical import canonicalise
from issuer.clr import MAX_BADGES, Badge, LearnerRecord, award_id, build_record
from issuer.context_documents import CLR_2, CREDENTIALS_V2, OPEN_BADGES_3
from issuer.credential import build_credential
from issuer.errors import CredentialRefusedError
from issuer.proof import add_proof, verify_proof
from tests.issuer.examples import BASE_URL, DID, EMAIL, MANIFEST, NOW, PROFILE, example_award, example_key

KEY = example_key()
RECORD = LearnerRecord(
    record_id="urn:uuid:aaaaaaaa-8a0b-4c58-9a55-6d1f0f2f7c11",
    subject_id="urn:uuid:bbbbbbbb-8a0b-4c58-9a55-6d1f0f2f7c11",
    learner_email=EMAIL,
    salt="ab" * 16,
    valid_from=NOW,
    is_partial=True,
)


def course(number: int) -> CourseManifest:
    text = MANIFEST.replace('id = "data-cleaning"', f'id = "course-{number}"').replace("Cleaning data with pandas", f"Course {number}")
    return parse_typed(text, CourseManifest, ManifestError, where="the example")


def badge(number: int = 1, *, name: str | None = "Juana Niña", email: str = EMAIL) -> Badge:
    award = dataclasses.replace(
        example_award(),
        credential_id=f"urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c{number:02}",
        salt=f"{number:02}" * 16,
        learner_name=name,
        learner_email=email,
    )
    return Badge(add_proof(build_credential(course(number), PROFILE, award, BASE_URL), KEY.signer(DID), NOW), course(number))


def record(*badges: Badge, **change: Any) -> dict[str, Any]:
    return build_record(PROFILE, dataclasses.replace(RECORD, **change), badges, BASE_URL)


def test_a_record_holds_the_signed_badges_as_they_are() -> None:
    one, two = badge(1), badge(2)
    document = record(one, two)
    assert document["@context"] == [CREDENTIALS_V2, CLR_2, OPEN_BADGES_3]
    assert document["type"] == ["VerifiableCredential", "ClrCredential"]
    assert document["credentialSubject"]["verifiableCredential"] == [one.document, two.document]
    assert document["partial"] is True


def test_courses_that_count_towards_one_award_are_parts_of_one_award() -> None:
    subject = record(badge(1), badge(2))["credentialSubject"]
    target = f"{BASE_URL}/awards/certificate-in-data"
    assert [each["id"] for each in subject["achievement"]] == [target]
    assert [(each["associationType"], each["sourceId"], each["targetId"]) for each in subject["association"]] == [
        ("isPartOf", f"{BASE_URL}/achievements/course-1/1.2.0", target),
        ("isPartOf", f"{BASE_URL}/achievements/course-2/1.2.0", target),
    ]
    told = subject["achievement"][0]
    assert "does not say that it was earned" in told["description"]
    assert "Course 1 counts as 1 unit" in told["criteria"]["narrative"]
    assert "Course 2 counts as 1 unit" in told["criteria"]["narrative"]


def test_a_course_that_counts_towards_nothing_has_no_association() -> None:
    alone = course(1).model_copy(update={"stackability": course(1).stackability.model_copy(update={"stacks_into": ()})})
    subject = record(Badge(badge(1).document, alone))["credentialSubject"]
    assert "association" not in subject
    assert "achievement" not in subject


def test_a_signature_covers_the_whole_record_and_each_badge_keeps_its_own() -> None:
    document = add_proof(record(badge(1), badge(2)), KEY.signer(DID), NOW)
    verify_proof(document, lambda _method: KEY.public_bytes)
    for each in document["credentialSubject"]["verifiableCredential"]:
        verify_proof(each, lambda _method: KEY.public_bytes)
    lines = canonicalise({name: value for name, value in document.items() if name != "proof"})
    assert "isPartOf" in lines
    assert "course-2" in lines
    document["credentialSubject"]["association"].pop()
    from issuer.errors import SignatureMismatchError

    with pytest.raises(SignatureMismatchError, match="does not fit"):
        verify_proof(document, lambda _method: KEY.public_bytes)


def test_as_many_badges_as_are_allowed_can_be_signed() -> None:
    document = add_proof(record(*(badge(number) for number in range(MAX_BADGES))), KEY.signer(DID), NOW)
    verify_proof(document, lambda _method: KEY.public_bytes)


def test_the_name_stands_in_the_record_only_if_it_stands_in_every_badge() -> None:
    assert record(badge(1), badge(2))["credentialSubject"]["name"] == "Juana Niña"
    assert "name" not in record(badge(1), badge(2, name=None))["credentialSubject"]


def test_the_address_is_in_it_only_as_a_hash_with_the_records_own_salt() -> None:
    document = record(badge(1))
    assert EMAIL.lower() not in str(document).lower().replace(PROFILE.email, "")
    salts = {document["credentialSubject"]["identifier"][0]["salt"], badge(1).document["credentialSubject"]["identifier"][0]["salt"]}
    assert len(salts) == 2


@pytest.mark.parametrize(
    ("badges", "change", "why"),
    [
        ((), {}, "holds 1 to"),
        (tuple(badge(number) for number in range(MAX_BADGES + 1)), {}, "holds 1 to"),
        ((badge(1), badge(1)), {}, "twice"),
        ((badge(1), badge(2, email="someone.else@uni.example")), {}, "another address"),
        ((Badge({**badge(1).document, "issuer": {"id": "did:web:other.example"}}, course(1)),), {}, "another issuer"),
        ((Badge({name: value for name, value in badge(1).document.items() if name != "proof"}, course(1)),), {}, "not signed"),
        ((badge(1),), {"record_id": badge(1).document["id"]}, "two things"),
    ],
)
def test_what_may_not_stand_in_a_record_is_refused(badges: tuple[Badge, ...], change: dict[str, Any], why: str) -> None:
    with pytest.raises(CredentialRefusedError, match=why):
        record(*badges, **change)


def test_an_award_has_one_address_however_it_is_written() -> None:
    assert award_id(BASE_URL, "Certificate in  Data!") == award_id(BASE_URL + "/", "certificate in data")
