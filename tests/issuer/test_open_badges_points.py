"""The twenty points that an Open Badges 3.0 issuer has to get right, one test each, on a signed credential of ours.

Source: Open Badges 3.0 (model, JSON Schema, serialisation), the probes of 1EdTech's public validator, and what other verifiers refuse.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from issuer.canonical import canonicalise
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES_3, load_context
from issuer.credential import build_credential
from issuer.did import did_document
from issuer.multibase import decode_multibase, encode_base58btc
from issuer.proof import add_proof
from tests.issuer.examples import BASE_URL, DID, EMAIL, NOW, PROFILE, STATUS_URL, example_award, example_key, example_manifest

KEY = example_key()
DOCUMENT = add_proof(build_credential(example_manifest(), PROFILE, example_award(), BASE_URL), KEY.signer(DID), NOW)
SUBJECT = DOCUMENT["credentialSubject"]
ACHIEVEMENT = SUBJECT["achievement"]


def inside(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with the name that it stands under."""
    yield path, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from inside(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from inside(each, path)


def test_01_the_contexts_are_those_of_credentials_2_and_open_badges_3_0_3_and_no_other() -> None:
    assert DOCUMENT["@context"] == [CREDENTIALS_V2, OPEN_BADGES_3]
    assert CREDENTIALS_V2 == "https://www.w3.org/ns/credentials/v2"
    assert re.fullmatch(r"https://purl\.imsglobal\.org/spec/ob/v3p0/context-3\.0\.3\.json", OPEN_BADGES_3)


def test_02_the_types_are_an_array_with_the_name_that_other_verifiers_know() -> None:
    assert DOCUMENT["type"] == ["VerifiableCredential", "OpenBadgeCredential"]


def test_03_the_id_is_a_uri() -> None:
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", DOCUMENT["id"])


def test_04_the_issuer_is_an_object_of_type_profile_with_an_id() -> None:
    assert DOCUMENT["issuer"]["id"] == DID
    assert DOCUMENT["issuer"]["type"] == ["Profile"]


def test_05_the_times_have_a_time_zone_and_the_first_award_keeps_its_date() -> None:
    for name in ("validFrom", "awardedDate", "validUntil"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", DOCUMENT[name])


def test_06_the_subject_is_one_object_with_an_id_and_an_identifier() -> None:
    assert SUBJECT["type"] == ["AchievementSubject"]
    assert SUBJECT["id"].startswith("urn:uuid:")
    assert [each["identityType"] for each in SUBJECT["identifier"]] == ["emailAddress", "name"]


def test_07_identifiers_are_a_salted_hash_of_the_lower_cased_address_and_with_consent_the_name() -> None:
    identity, name = SUBJECT["identifier"]
    assert name == {"type": "IdentityObject", "hashed": False, "identityType": "name", "identityHash": example_award().learner_name}
    withheld = build_credential(example_manifest(), PROFILE, replace(example_award(), learner_name=None), BASE_URL)["credentialSubject"]
    assert len(withheld["identifier"]) == 1, "the name only with consent"
    assert "name" not in withheld
    assert identity.keys() == {"type", "hashed", "identityHash", "identityType", "salt"}
    assert (identity["type"], identity["hashed"], identity["identityType"]) == ("IdentityObject", True, "emailAddress")
    assert identity["identityHash"] == "sha256$" + hashlib.sha256((EMAIL.lower() + identity["salt"]).encode()).hexdigest()
    assert EMAIL.lower() not in json.dumps(DOCUMENT).lower()


def test_08_the_achievement_has_all_that_it_must_have() -> None:
    assert {"id", "type", "name", "description", "criteria"} <= ACHIEVEMENT.keys()
    assert ACHIEVEMENT["type"] == ["Achievement"]
    assert ACHIEVEMENT["criteria"]["narrative"]
    assert ACHIEVEMENT["id"] == f"{BASE_URL}/achievements/data-cleaning/1.2.0", "a stable address for each version of the course"


def test_09_the_achievement_is_a_microcredential() -> None:
    assert ACHIEVEMENT["achievementType"] == "MicroCredential"


def test_10_scores_are_strings_that_refer_to_what_describes_them() -> None:
    described = {each["id"]: each for each in ACHIEVEMENT["resultDescription"]}
    assert len(described) == 1 + len(example_manifest().outcomes)
    assert [each["resultDescription"] for each in SUBJECT["result"]] == list(described)
    assert all(isinstance(each["value"], str) for each in SUBJECT["result"])
    for each in described.values():
        assert {"id", "type", "name", "resultType"} <= each.keys()
        assert all(isinstance(each[name], str) for name in ("valueMin", "valueMax", "requiredValue"))


def test_11_every_alignment_has_a_name_and_an_address() -> None:
    assert ACHIEVEMENT["alignment"]
    for each in ACHIEVEMENT["alignment"]:
        assert each["type"] == ["Alignment"]
        assert each["targetName"]
        assert each["targetUrl"].startswith("https://")
        assert each["targetType"] in {"ceasn:Competency"} or each["targetType"].startswith("ext:")


def test_12_credits_are_numbers() -> None:
    assert ACHIEVEMENT["creditsAvailable"] == SUBJECT["creditsEarned"] == 1.5


def test_13_a_picture_has_an_address_a_type_and_a_caption() -> None:
    from courses.manifest import Image, Translated

    manifest = example_manifest().model_copy(update={"image": Image(path="images/badge.png", alt=Translated(en="A broom"))})
    image = build_credential(manifest, PROFILE, example_award(), BASE_URL)["credentialSubject"]["achievement"]["image"]
    assert image == {"id": f"{ACHIEVEMENT['id']}/badge.png", "type": "Image", "caption": "A broom"}


def test_14_evidence_binds_notebook_and_run_by_hash_and_says_how_the_tests_ran() -> None:
    kinds = [each["genre"] for each in DOCUMENT["evidence"]]
    assert kinds == ["graded notebook", "grading run", "graded notebook", "grading run", "award decision"]
    for each in DOCUMENT["evidence"]:
        assert each["type"] == ["Evidence"]
        assert each["id"].startswith("urn:uuid:")
        if each["genre"] == "graded notebook":
            assert len(decode_multibase(each["digestMultibase"])) == 34
        if each["genre"] == "grading run":
            assert "Sealed: the tests ran out of reach" in each["narrative"]


def test_15_what_may_stand_more_than_once_is_an_array_and_nothing_is_null_or_empty() -> None:
    several = {"evidence", "proof", "identifier", "alignment", "result", "tag", "related"}
    for name, value in DOCUMENT.items():
        assert name not in several or isinstance(value, list)
    for holder in (SUBJECT, ACHIEVEMENT):
        assert all(isinstance(holder[name], list) for name in several & holder.keys())
    assert all(value is not None and value not in ([], {}, "") for _, value in inside(DOCUMENT))


def test_16_the_status_is_one_object_with_an_id_of_its_own() -> None:
    status = DOCUMENT["credentialStatus"]
    assert (status["type"], status["statusPurpose"], status["statusListCredential"]) == (
        "BitstringStatusListEntry",
        "revocation",
        STATUS_URL,
    )
    assert status["statusListIndex"] == "94567"
    assert status["id"] not in (STATUS_URL, DOCUMENT["id"])


def test_17_no_schema_is_named_because_its_type_would_be_undefined() -> None:
    assert "credentialSchema" not in DOCUMENT


def test_18_every_term_is_defined_and_none_of_those_that_two_editions_of_the_context_read_differently() -> None:
    assert canonicalise({name: value for name, value in DOCUMENT.items() if name != "proof"})
    assert not {"endorsementJwt", "jti"} & {name for name, _ in inside(DOCUMENT)}
    assert "endorsementJwt" not in load_context(OPEN_BADGES_3)["@context"], "the edition that we ship is that of 2024"


def test_19_the_proof_is_a_data_integrity_proof_in_an_array() -> None:
    proof = dict(DOCUMENT["proof"][0])
    assert len(DOCUMENT["proof"]) == 1
    assert proof.pop("proofValue").startswith("z")
    assert proof == {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-11-23T08:00:00Z",
        "verificationMethod": f"{DID}#{KEY.multikey}",
        "proofPurpose": "assertionMethod",
    }


def test_20_the_key_is_a_multikey_controlled_by_the_issuer() -> None:
    assert KEY.multikey == encode_base58btc(b"\xed\x01" + KEY.public_bytes)
    assert KEY.multikey.startswith("z6Mk")
    (method,) = did_document(DID, [KEY.multikey])["verificationMethod"]
    assert method["controller"] == DOCUMENT["issuer"]["id"]
    assert method["id"] == DOCUMENT["proof"][0]["verificationMethod"]
