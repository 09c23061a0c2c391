from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from courses.manifest import CourseManifest
from issuer.countries import find_alpha_3
from issuer.credential import Award, build_credential
from issuer.elm import build_elm
from tests.issuer.examples import BASE_URL, EMAIL, PROFILE, example_award, example_manifest


def exported(manifest: CourseManifest | None = None, award: Award | None = None) -> dict[str, Any]:
    used = manifest or example_manifest()
    document = build_credential(used, PROFILE, award or example_award(), BASE_URL)
    found: dict[str, Any] = build_elm(used, document, BASE_URL)["credential"]
    return found


def achievement(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = exported(example_manifest().model_copy(update=changes))["credentialSubject"]["hasClaim"][0]
    return found


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from parts(each)


def test_every_mandatory_element_of_annex_i_has_its_place() -> None:
    credential, claim = exported(), achievement()
    qualification = claim["specifiedBy"]
    (issuer,) = claim["awardedBy"]["awardingBody"]
    assert credential["credentialSubject"]["fullName"] == {"en": "Juana Niña «Ñ» dela Cruz"}
    assert claim["title"] == {"en": "Cleaning data with pandas"}
    assert issuer["location"][0]["address"]["countryCode"]["id"].endswith("/country/PHL")
    assert issuer["legalName"] == {"en": "Example State University"}
    assert claim["awardedBy"]["awardingDate"] == "2026-11-20T08:00:00Z"
    assert [each["title"]["en"] for each in qualification["learningOutcome"]] == [
        "Detect and repair missing values",
        "Join two tables on a key",
    ]
    assert qualification["volumeOfLearning"] == "PT30H"
    assert qualification["creditPoint"][0]["point"] == "1.5"
    assert qualification["eqfLevel"]["id"] == "http://data.europa.eu/snb/eqf/5"
    assert qualification["nqfLevel"][0]["prefLabel"] == {"en": "PQF level 5"}
    assert "Automatically graded" in claim["provenBy"][0]["specifiedBy"]["dcType"]["prefLabel"]["en"]
    assert qualification["mode"]["prefLabel"] == {"en": "Online"}
    assert qualification["accreditation"][0]["title"] == {"en": "Internal review"}


def test_the_optional_elements_have_theirs() -> None:
    claim = achievement()
    assert claim["specifiedBy"]["entryRequirement"]["noteLiteral"]["en"].startswith("Basic Python")
    assert claim["provenBy"][0]["idVerification"]["prefLabel"] == {"en": "Unsupervised without ID Verification"}
    assert claim["provenBy"][0]["grade"]["noteLiteral"] == {"en": "87.65 %"}
    assert claim["specifiedBy"]["isPartialQualification"] is True
    assert claim["specifiedBy"]["learningOutcome"][0]["relatedESCOSkill"][0]["id"] == "https://data.europa.eu/esco/skill/x"


def test_supervision_that_the_eus_list_is_not_known_to_name_is_said_in_our_words() -> None:
    told = achievement(supervision="onsite", identity_assurance="id-document")["provenBy"][0]["idVerification"]
    assert told["prefLabel"] == {"en": "Supervised onsite with identity verification by an identity document"}
    assert told["id"].startswith("urn:epass:concept:")


@pytest.mark.parametrize(("disclosed", "grade"), [("none", "Pass"), ("pass", "Completed"), ("band", "80 to 89 %"), ("percent", "87.65 %")])
def test_no_more_of_the_grade_is_told_than_the_credential_tells(disclosed: str, grade: str) -> None:
    assert achievement(grade_disclosed=disclosed)["provenBy"][0]["grade"]["noteLiteral"] == {"en": grade}


def test_without_consent_there_is_no_name_and_never_an_address() -> None:
    credential = exported(award=replace(example_award(), learner_name=None))
    assert "fullName" not in credential["credentialSubject"]
    assert EMAIL.lower() not in json.dumps(credential).lower()


def test_it_is_unsigned_and_names_the_signed_credential() -> None:
    credential = exported()
    assert "proof" not in credential
    assert credential["identifier"]["notation"] == example_award().credential_id


def test_every_part_has_an_identifier_that_means_one_thing_and_is_the_same_each_time() -> None:
    assert exported() == exported()
    meanings: dict[str, str] = {}
    for part in parts(exported()):
        if "type" in part and "id" in part:
            meaning = json.dumps(part, sort_keys=True)
            assert meanings.setdefault(part["id"], meaning) == meaning, part["id"]


def test_no_duration_is_in_months() -> None:
    hours = example_manifest().notional_hours.model_copy(update={"total": 12.5})
    assert achievement(notional_hours=hours)["specifiedBy"]["volumeOfLearning"] == "PT12H30M"


def test_countries_have_three_letters() -> None:
    assert [find_alpha_3(each) for each in ("PH", "DE", "XX")] == ["PHL", "DEU", None]
    from issuer.countries import _ALPHA_3

    assert len(_ALPHA_3) == 249
    assert all(len(two) == 2 and len(three) == 3 for two, three in _ALPHA_3.items())
    assert len(set(_ALPHA_3.values())) == 249
