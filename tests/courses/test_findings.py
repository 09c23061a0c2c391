from __future__ import annotations

from courses.findings import Place, Severity, blocking, warning
from courses.rules import RULES, rule_of


def test_a_blocking_finding_stops_a_release_and_a_warning_does_not() -> None:
    assert blocking("Q02", "p", "w", "r").is_blocking
    assert not warning("Q02", "p", "w", "r").is_blocking
    assert warning("Q02", "p", "w", "r").severity is Severity.WARNING


def test_a_finding_in_json_names_only_what_applies_of_its_place() -> None:
    told = {"code": "Q02", "severity": "blocking", "problem": "p", "where": "w", "remedy": "r"}
    assert blocking("Q02", "p", "w", "r").as_json() == {**told, "place": {}}
    placed = blocking("Q02", "p", "w", "r", Place(file="course.toml", line=3, field="title"))
    assert placed.as_json() == {**told, "place": {"file": "course.toml", "line": 3, "field": "title"}}


def test_a_finding_leads_to_its_rule() -> None:
    assert rule_of(warning("N05", "p", "w", "r")) is RULES["N05"]
