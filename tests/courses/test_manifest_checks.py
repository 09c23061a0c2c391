from __future__ import annotations

from datetime import date

import pytest

from courses.manifest_checks import check_manifest
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
        "course.toml: title", "course.toml: summary", "course.toml: prerequisites", "course.toml: outcomes.squares", "course.toml: assessments.ps1",
    ]  # fmt: skip
    assert not any(finding.is_blocking for finding in findings)
