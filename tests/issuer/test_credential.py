from __future__ import annotations

import hashlib
import json
import math
import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.manifest import CourseManifest, Image, Translated
from issuer.achievement import as_markdown, build_achievement, criteria_narrative, percent
from issuer.canonical import canonicalise
from issuer.credential import Award, IssuerProfile, OutcomeResult, build_credential, hash_identity
from issuer.errors import CredentialRefusedError
from issuer.status_list import StatusEntry
from tests.issuer.badge_rules import PROBES, broken_rules
from tests.issuer.examples import BASE_URL, EMAIL, PROFILE, example_award, example_evidence, example_manifest

AWARD = example_award()
HERE = "https://badges.uni.example/achievements/data-cleaning/1.2.0"


def build(award: Award = AWARD, manifest: CourseManifest | None = None) -> dict[str, Any]:
    return build_credential(manifest or example_manifest(), PROFILE, award, BASE_URL)


def with_manifest(**changes: Any) -> CourseManifest:
    return example_manifest().model_copy(update=changes)


BARE = with_manifest(
    credits=(), tags=(), previous_versions=(), field=None, levels=(), not_levelled="below the framework", validity="none"
)  # fmt: skip


@pytest.mark.parametrize(
    ("award", "manifest"),
    [
        pytest.param(AWARD, example_manifest(), id="everything"),
        pytest.param(replace(AWARD, learner_name=None, valid_until=None, status=None, approved_by=None), BARE, id="as little as possible"),
        pytest.param(AWARD, with_manifest(grade_disclosed="none"), id="no grade"),
        pytest.param(AWARD, with_manifest(grade_disclosed="pass"), id="passed only"),
        pytest.param(AWARD, with_manifest(grade_disclosed="band"), id="a band"),
        pytest.param(AWARD, with_manifest(image=Image(path="images/badge.png", alt=Translated(en="A broom"))), id="an image"),
    ],
)
def test_a_credential_breaks_no_rule_of_open_badges_and_survives_safe_mode(award: Award, manifest: CourseManifest) -> None:
    document = build(award, manifest)
    assert broken_rules(document) == []
    assert canonicalise(document)
    assert document == json.loads(json.dumps(document))


@pytest.mark.parametrize(
    ("probe", "change"),
    [
        ("contexts", {"@context": ["https://www.w3.org/2018/credentials/v1", "x"]}),
        ("types", {"type": "OpenBadgeCredential"}),
        ("identifiers", {"id": "17"}),
        ("issuer", {"issuer": "did:web:x"}),
        ("dates", {"validFrom": "2026-11-20"}),
        ("subject", {"credentialSubject": build()["credentialSubject"] | {"type": "AchievementSubject"}}),
        ("identity", {"credentialSubject": build()["credentialSubject"] | {"identifier": [{"id": "x", "type": "IdentityObject", "hashed": False}]}}),
        ("achievement", {"credentialSubject": build()["credentialSubject"] | {"achievement": {"achievementType": "Badge"}}}),
        ("results", {"credentialSubject": build()["credentialSubject"] | {"result": [{"type": ["Result"], "resultDescription": "x"}]}}),
        ("alignments", {"credentialSubject": build()["credentialSubject"] | {"achievement": {"achievementType": "Badge", "alignment": [{"targetType": "x"}]}}}),
        ("evidence", {"evidence": [{"type": "Evidence", "id": "x:y"}]}),
        ("serialisation", {"evidence": []}),
        ("status", {"credentialStatus": [{}]}),
    ],
)  # fmt: skip
def test_each_probe_finds_what_it_looks_for(probe: str, change: dict[str, Any]) -> None:
    document = deepcopy(build()) | change
    assert any(found.startswith(f"{probe}:") for found in broken_rules_until_error(document))


def broken_rules_until_error(document: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for each in PROBES:
        try:
            found += [f"{each.__name__}: {fault}" for fault in each(document)]
        except (KeyError, AttributeError, TypeError) as broken:
            found.append(f"{each.__name__}: {broken!r}")
    return found


def test_every_standard_element_of_annex_i_stands_in_the_alignments_and_in_words() -> None:
    achievement = build_achievement(example_manifest(), BASE_URL)
    kinds = {each["targetType"] for each in achievement["alignment"]}
    assert kinds >= {
        "ext:LearningOutcome", "ext:QualificationLevel", "ext:Workload", "ext:AssessmentType", "ext:ParticipationType", "ext:SupervisionType",
        "ext:QualityAssurance", "ext:Stackability", "ext:CreditType", "ceasn:Competency",
    }  # fmt: skip
    words = achievement["criteria"]["narrative"]
    for said in (
        "75 percent overall", "50 percent in every", "LO2: Join two tables on a key (at least 60 percent)", "Problem set 1 (40 percent",
        "Philippine Qualifications Framework level 5", "30 notional hours, 1.5 ECTS", "Unsupervised with no identity verification",
        "online, self-paced", "Internal review, Office of Academic Affairs", "Mandatory: Problem set 1", "Validity: 3 years from the date of award", "PH", "Certificate in Data",
    ):  # fmt: skip
        assert said in words


def test_addresses_are_stable_for_a_course_version() -> None:
    document = build()
    achievement = document["credentialSubject"]["achievement"]
    assert achievement["id"] == HERE
    assert achievement["alignment"][0]["targetUrl"] == f"{HERE}/outcomes/LO1"
    assert build_credential(example_manifest(), PROFILE, AWARD, BASE_URL + "/") == document


def test_a_course_without_a_level_says_why() -> None:
    assert "Level: none stated (below the framework)." in criteria_narrative(BARE)
    assert "does not expire" in criteria_narrative(BARE)


def test_validity_is_said_in_words() -> None:
    assert "Validity: 1 year, 6 months from" in criteria_narrative(with_manifest(validity="P1Y6M"))
    assert "Validity: PT36H (ISO 8601) from" in criteria_narrative(with_manifest(validity="PT36H"))


def test_the_learner_is_a_salted_hash_and_a_name_only_with_consent() -> None:
    subject = build()["credentialSubject"]
    digest = hashlib.sha256(("juana.delacruz@uni.example" + AWARD.salt).encode()).hexdigest()
    assert subject["identifier"][0]["identityHash"] == f"sha256${digest}"
    assert hash_identity(f" {EMAIL.upper()} ", AWARD.salt) == f"sha256${digest}"
    anonymous = json.dumps(build(replace(AWARD, learner_name=None)), ensure_ascii=False).lower()
    for said in ("juana", "delacruz", "dela cruz"):
        assert said not in anonymous


def test_evidence_binds_the_notebook_and_the_run_of_each_assignment() -> None:
    run = replace(example_evidence("ps1", 0.5), grading_run_digest=AWARD.evidence[0].source_digest, assurance="compat")
    found = build(replace(AWARD, evidence=(run,)))["evidence"]
    assert [each["genre"] for each in found] == ["graded notebook", "grading run", "award decision"]
    assert found[0]["digestMultibase"] == run.notebook_digest
    assert run.attempt_digest in found[0]["narrative"]
    assert run.source_digest in found[0]["narrative"]
    assert found[1]["digestMultibase"] == run.source_digest
    assert "Grading run run-7 of 2026-11-19T01:02:03Z. Compat:" in found[1]["narrative"]
    assert f"<{found[0]['id']}> <https://w3id.org/security#digestMultibase>" in canonicalise(build(replace(AWARD, evidence=(run,))))


@pytest.mark.parametrize(
    ("disclosed", "overall", "notebook"),
    [
        ("percent", {"value": "87.65"}, "Score: 100 percent. "),
        ("band", {"value": "80 to 89"}, "Score: 90 to 100 percent. "),
        ("pass", {"status": "Completed"}, ""),
    ],
)
def test_no_more_of_a_score_is_told_than_the_course_discloses(disclosed: str, overall: dict[str, str], notebook: str) -> None:
    document = build(manifest=with_manifest(grade_disclosed=disclosed))
    result = document["credentialSubject"]["result"][0]
    assert {key: result[key] for key in overall} == overall
    assert set(result) == {"id", "type", "resultDescription", *overall}
    assert document["evidence"][0]["narrative"].startswith(f"{notebook}Submission ")


def test_a_course_that_discloses_nothing_has_no_results_at_all() -> None:
    text = json.dumps(build(manifest=with_manifest(grade_disclosed="none")))
    assert '"result"' not in text
    assert "resultDescription" not in text
    assert "Score" not in text


@given(st.floats(0, 1))
def test_a_percentage_never_claims_more_than_was_earned(share: float) -> None:
    shown = float(percent(share))
    assert shown <= share * 100 + 1e-6
    assert shown > share * 100 - 0.0101


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0"),
        (1, "100"),
        (0.29, "29"),
        (0.57, "57"),
        (2 / 3, "66.66"),
        (0.7499, "74.99"),
        (0.749999, "74.99"),
        (0.1 + 0.2, "30"),
        (0.875, "87.5"),
    ],
)
def test_percentages_are_cut_and_float_noise_is_not_shown(share: float, shown: str) -> None:
    assert percent(share) == shown


@given(st.text(alphabet="ab <>/!?iscript&;\\\n", max_size=40))
def test_no_html_tag_survives_in_markdown(text: str) -> None:
    marked = as_markdown(text)
    for tag in re.finditer(r"(\\*)<[A-Za-z/!?]", marked):
        assert len(tag[1]) % 2 == 1
    assert marked == as_markdown(marked)
    assert as_markdown("x<y, list<int>, <b>, \\<b>, 1 < 2") == "x\\<y, list\\<int>, \\<b>, \\<b>, 1 < 2"


@settings(max_examples=40)
@given(
    st.sampled_from(["learner_name", "batch", "approved_by"]),
    st.sampled_from([*map(chr, range(9)), "\x0b", "\x1f", "\x7f", "\ud800", "\udfff", "\ufffe", "\uffff"]),
    st.text(max_size=5),
)
def test_text_that_verifiers_do_not_read_alike_is_refused_and_its_field_named(field: str, letter: str, text: str) -> None:
    changes: dict[str, Any] = {field: f"Ana{letter}{text}"}
    with pytest.raises(CredentialRefusedError) as refused:
        build(replace(AWARD, **changes))
    assert refused.value.where in ("credentialSubject.name", "learner_name", "evidence[4].narrative")


def changed(**changes: Any) -> Award:
    return replace(AWARD, **changes)


def evidence_with(**changes: Any) -> Award:
    return replace(AWARD, evidence=(replace(AWARD.evidence[0], **changes),))


@pytest.mark.parametrize(
    ("award", "where"),
    [
        (changed(credential_id="urn:uuid:1"), "credential_id"),
        (changed(credential_id=AWARD.credential_id.upper()), "credential_id"),
        (changed(subject_id="juana@uni.example"), "subject_id"),
        (changed(subject_id=AWARD.credential_id), "subject_id"),
        (changed(learner_email="juana"), "learner_email"),
        (changed(salt="abc"), "salt"),
        (changed(learner_name=" "), "learner_name"),
        (changed(learner_name="Juana\ndela Cruz"), "learner_name"),
        (changed(overall_score=1.01), "overall_score"),
        (changed(overall_score=math.nan), "overall_score"),
        (changed(outcome_results=AWARD.outcome_results[:1]), "outcome_results"),
        (changed(outcome_results=(*AWARD.outcome_results, OutcomeResult("LO3", 1))), "outcome_results"),
        (changed(outcome_results=(OutcomeResult("LO1", -0.1), OutcomeResult("LO2", 1))), "outcome_results[0].score"),
        (changed(evidence=()), "evidence"),
        (changed(evidence=AWARD.evidence * 2), "evidence"),
        (evidence_with(notebook_digest="sha256:abc"), "evidence[0].notebook_digest"),
        (evidence_with(attempt_digest=""), "evidence[0].attempt_digest"),
        (evidence_with(grading_run_digest="x"), "evidence[0].grading_run_digest"),
        (evidence_with(score=2), "evidence[0].score"),
        (evidence_with(graded_at=datetime(2026, 1, 1)), "evidence[0].graded_at"),  # noqa: DTZ001 -- that is the point
        (evidence_with(assurance="none"), "evidence[0].assurance"),
        (evidence_with(grading_run=""), "evidence[0].grading_run"),
        (changed(valid_from=datetime(2026, 1, 1)), "valid_from"),  # noqa: DTZ001 -- that is the point
        (changed(valid_until=AWARD.valid_from), "valid_until"),
        (changed(status=StatusEntry("http://uni.example/1", 1)), "status.list_url"),
        (changed(status=StatusEntry("https://uni.example/1", -1)), "status.index"),
        (changed(batch=""), "batch"),
    ],
)
def test_a_value_that_may_not_stand_in_a_credential_is_refused_and_named(award: Award, where: str) -> None:
    with pytest.raises(CredentialRefusedError) as refused:
        build(award)
    assert refused.value.where == where


@pytest.mark.parametrize(
    ("field", "value"),
    [("did", "https://uni.example"), ("url", "http://uni.example"), ("email", "x"), ("country", "Philippines"), ("name", " ")],
)
def test_an_issuer_that_is_not_well_named_is_refused(field: str, value: str) -> None:
    changes: dict[Any, Any] = {field: value}
    profile: IssuerProfile = replace(PROFILE, **changes)
    with pytest.raises(CredentialRefusedError, match="this is") as refused:
        build_credential(example_manifest(), profile, AWARD, BASE_URL)
    assert refused.value.where == f"issuer.{field}"


@given(
    st.sampled_from(["sealed", "compat"]),
    st.floats(0, 1),
    st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(str.strip),
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 -- Hypothesis wants them so
)
@settings(max_examples=30, deadline=None)
def test_whatever_the_award_the_document_keeps_its_shape(
    assurance: Literal["sealed", "compat"], score: float, name: str, moment: datetime
) -> None:
    when = moment.replace(tzinfo=UTC)
    name = "".join(each for each in name if each not in "\u2028\u2029") or "Ana"
    if not name.strip():
        return
    award = replace(
        evidence_with(assurance=assurance, score=score),
        learner_name=name,
        valid_from=when,
        awarded_on=when,
        valid_until=when + timedelta(days=1),
    )
    document = build(award)
    assert broken_rules(document) == []
    assert document["credentialSubject"]["name"] == name
