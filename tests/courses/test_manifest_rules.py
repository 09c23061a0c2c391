from __future__ import annotations

from datetime import date

import pytest

from courses.findings import Place
from courses.static_checks.manifest_rules import check_manifest
from tests.courses.tiny_site import MANIFEST, changed, parse_manifest

_TODAY = date(2026, 11, 20)


def codes(text: str, today: date = _TODAY) -> list[tuple[str, bool]]:
    return [(finding.code, finding.is_blocking) for finding in check_manifest(parse_manifest(text), today=today)]


def test_a_good_manifest_has_no_finding() -> None:
    assert codes(MANIFEST) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('en = "Compute squares."', 'en = "Understand squares."', ("Q02", False)),
        ('en = "Compute squares."', 'en = " know, squares."', ("Q02", False)),
        ("total = 2.0", "total = 2.3", ("Q03", True)),
        ("overall = 0.75", "overall = 0", ("Q06", True)),
        ('identity_assurance = "account"', 'identity_assurance = "biometric"', ("Q07", False)),
        ('reviewed_by = "A. Santos"', 'reviewed_by = "M. Reyes"', ("Q08", True)),
        ('reviewed_by = "A. Santos"', 'reviewed_by = "m.  reyes"', ("Q08", True)),
        ('renewal = "Submit the current version again."\n', "", ("Q12", True)),
        ('rpl = "none"\n', "", ("Q13", False)),
        (
            'not_levelled = "',
            'levels = [{ framework = "PQF", level = "5", url = "https://pqf.gov.ph/" }]\nnot_levelled = "',
            ("Q04", False),
        ),
        ("review_by = 2027-10-05", "review_by = 2029-10-06", ("Q15", True)),
        ("reviewed_on = 2026-10-05", "reviewed_on = 2026-11-21", ("Q08", True)),
        ('evidence_of_need = "A survey of employers."\n', "", ("Q09", False)),
        ("standalone = true", "standalone = false", ("Q11", False)),
        ('title = { en = "Squares" }', 'title = { en = "A Diploma in squares" }', ("Q14", True)),
        ("review_by = 2027-10-05", "review_by = 2029-11-05", ("Q15", True)),
        ("review_by = 2027-10-05", "review_by = 2026-11-19", ("Q15", True)),
    ],
)
def test_every_rule_finds_what_it_is_for(old: str, new: str, found: tuple[str, bool]) -> None:
    assert codes(changed(old, new)) == [found]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total = 2.0", "total = 2.2"),  # 10 % are allowed
        ("review_by = 2027-10-05", "review_by = 2026-11-20"),  # due today
        ("review_by = 2027-10-05", "review_by = 2029-10-05"),  # 36 months
        ("reviewed_on = 2026-10-05", "reviewed_on = 2026-11-20"),
        ('title = { en = "Squares" }', 'title = { en = "Degrees of freedom" }'),
    ],
)
def test_what_is_just_allowed_is_no_finding(old: str, new: str) -> None:
    assert codes(changed(old, new)) == []


def test_a_seventh_outcome_is_too_many() -> None:
    more = "".join(f'\n[[outcomes]]\nid = "o{number}"\ntext = {{ en = "Compute." }}\nbloom = "apply"\n' for number in range(2, 7))
    assert codes(changed("[notional_hours]", f"{more}\n[notional_hours]")) == []
    seven = more + '\n[[outcomes]]\nid = "o7"\ntext = { en = "Compute." }\nbloom = "apply"\n'
    assert codes(changed("[notional_hours]", f"{seven}\n[notional_hours]")) == [("Q02", True)]


def test_every_text_without_a_translation_is_named() -> None:
    findings = check_manifest(parse_manifest(changed('languages = ["en"]', 'languages = ["en", "fil"]')), today=_TODAY)
    assert [finding.where for finding in findings if finding.code == "Q19"] == [
        "course.toml, title", "course.toml, summary", "course.toml, outcomes.squares.text", "course.toml, prerequisites", "course.toml, assessments[ps1].title",
    ]  # fmt: skip
    assert not any(finding.is_blocking for finding in findings)


def test_a_finding_names_the_line_of_the_manifest() -> None:
    text = changed("overall = 0.75", "overall = 0")
    [finding] = check_manifest(parse_manifest(text), today=_TODAY, text=text)
    line = text[: text.index("overall = 0")].count("\n") + 1
    assert (finding.where, finding.place) == (
        f"course.toml:{line}, pass_rule.overall",
        Place(file="course.toml", line=line, field="pass_rule.overall"),
    )


def test_a_filipino_text_that_is_the_english_one_is_no_translation() -> None:
    text = changed('languages = ["en"]', 'languages = ["en", "fil"]').replace(
        '{ en = "Squares" }', '{ en = "Squares of small numbers", fil = "Squares of small numbers" }'
    )
    assert next(finding.problem for finding in check_manifest(parse_manifest(text), today=_TODAY)) == "the Filipino text is the English one"
