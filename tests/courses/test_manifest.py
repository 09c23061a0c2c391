from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.errors import ManifestError
from tests.courses.tiny_site import MANIFEST, changed, parse_manifest

_PS1 = 'id = "ps1"\ntitle = { en = "First" }\nweight = 100'


def with_weights(*weights: str) -> str:
    head, _, _ = MANIFEST.partition("[[assessments]]")
    tables = [
        f'[[assessments]]\nid = "ps{number}"\ntitle = {{ en = "T" }}\nweight = {weight}\ntype = "exam"\n'
        f'items = [{{ cell = "t", outcomes = ["squares"] }}]\n'
        for number, weight in enumerate(weights, start=1)
    ]
    return head + "\n".join(tables)


def test_the_example_is_a_manifest() -> None:
    manifest = parse_manifest()
    assert (manifest.id, manifest.version, manifest.title.en) == ("tiny-course", "1.0.0", "Squares")
    assert manifest.assessments[0].attempts is None
    assert manifest.late_policy == "accept"


def test_an_assessment_is_found_by_its_assignment_or_is_none() -> None:
    manifest = parse_manifest()
    assert manifest.assessment("ps1") is manifest.assessments[0]
    assert manifest.assessment("ps2") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "tiny-course"', 'id = "Tiny Course"', "id: .* is not lower-case words joined by hyphens"),
        ('version = "1.0.0"\ncode', 'version = "1.0"\ncode', "version: .* is not a version"),
        ('validity = "P3Y"', 'validity = "P"', "validity"),
        ('validity = "P3Y"', 'validity = "3 years"', "validity"),
        ('country = "PH"', 'country = "Philippines"', "awarding_body.country: .* country code"),
        ('url = "https://uni.example"', 'url = "http://uni.example"', "is not an https address"),
        ('privacy_notice = "https://uni.example/privacy"', 'privacy_notice = "https://uni.example/a b"', "is not an https address"),
        ('title = { en = "Squares" }', 'title = { fil = "Parisukat" }', "title.en: this field is required"),
        ('title = { en = "Squares" }', 'title = { en = "" }', "title.en"),
        ('title = { en = "Squares" }', 'title = { en = "A\\u0000B" }', "control characters"),
        ('languages = ["en"]', "languages = []", "languages"),
        ('languages = ["en"]', 'languages = ["de"]', "languages"),
        ("overall = 0.75", "overall = 75", "pass_rule.overall"),
        ("overall = 0.75", "overall = -0.1", "pass_rule.overall"),
        ("appeals_days = 14", "appeals_days = 0", "contact.appeals_days"),
        ('email = "help@uni.example"', 'email = "help"', "contact.email: .* is not an e-mail address"),
        ("total = 2.0", "total = 0", "notional_hours.total"),
        ("modules = { ps1 = 2.0 }", "modules = {}", "notional_hours.modules"),
        ('mandatory = ["ps1"]', 'mandatory = ["ps9"]', "pass_rule.mandatory: 'ps9' is no assessment of this course"),
        ('not_levelled = "It is an example."\n', "", "give a level, or say in not_levelled why"),
        ("review_by = 2027-10-05", "review_by = 2026-10-05", "qa.review_by: must be later than qa.reviewed_on"),
        ('"test_found", outcomes = ["squares"]', '"test_found", outcomes = ["cubes"]', "'test_found' of 'ps1' names outcome 'cubes'"),
        ('"test_found", outcomes', '"test_square", outcomes', "items of 'ps1': 'test_square' stands there twice"),
        ('"test_found", outcomes = ["squares"]', '"test_found", outcomes = []', "outcomes"),
        ("weight = 100", "weight = 0", "weight"),
        ("weight = 100", "weight = 99.9", r"weights must sum to 100, but 99\.9 = 99\.9"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(old: str, new: str, told: str) -> None:
    with pytest.raises(ManifestError, match=told):
        parse_manifest(changed(old, new))


def test_two_assessments_of_one_name_and_two_outcomes_of_one_name_are_refused() -> None:
    with pytest.raises(ManifestError, match="assessments: 'ps1' stands there twice"):
        parse_manifest(with_weights("50", "50").replace('"ps2"', '"ps1"'))
    doubled = changed("[notional_hours]", '[[outcomes]]\nid = "squares"\ntext = { en = "x" }\nbloom = "apply"\n\n[notional_hours]')
    with pytest.raises(ManifestError, match="outcomes: 'squares' stands there twice"):
        parse_manifest(doubled)


def test_weights_are_added_as_written_and_not_as_binary_fractions() -> None:
    assert 33.3 + 33.3 + 33.4 + 0.1 - 0.1 != 100.0 or 0.1 + 0.2 != 0.3  # what floats would say
    parse_manifest(with_weights("33.3", "33.3", "33.4"))
    parse_manifest(with_weights("70.1", "29.9"))
    with pytest.raises(ManifestError, match=r"must sum to 100, but 33\.3 \+ 33\.3 \+ 33\.3 = 99\.9"):
        parse_manifest(with_weights("33.3", "33.3", "33.3"))


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=6))
def test_any_weights_in_hundredths_are_taken_exactly_when_they_sum_to_100(hundredths: list[int]) -> None:
    weights = [*hundredths, 10000 - sum(hundredths)] if sum(hundredths) < 10000 else hundredths
    text = with_weights(*(f"{each // 100}.{each % 100:02d}" for each in weights))
    if sum(weights) == 10000:
        parse_manifest(text)
    else:
        with pytest.raises(ManifestError, match="the weights must sum to 100"):
            parse_manifest(text)


def test_a_text_without_a_translation_is_given_in_english() -> None:
    manifest = parse_manifest(changed('title = { en = "Squares" }', 'title = { en = "Squares", fil = "Mga parisukat" }'))
    assert manifest.title.in_language("fil") == "Mga parisukat"
    assert manifest.title.in_language("en") == "Squares"
    assert manifest.summary.in_language("fil") == "Square a number."


def test_a_due_date_is_read_as_written_with_its_zone() -> None:
    manifest = parse_manifest(changed(_PS1, f"{_PS1}\ndue = 2026-12-01T23:59:00+08:00"))
    due = manifest.assessments[0].due
    assert due is not None
    assert due.isoformat() == "2026-12-01T23:59:00+08:00"
