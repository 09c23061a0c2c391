"""What an approver looks at: what stands out in the rows, and why a batch ended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from courses.manifest import CourseManifest
from courses.manifest_file import load_manifest
from issuer.award_rows import AwardRow, EvidenceRow
from issuer.errors import BatchError
from portal.awarding import approve, prepare, send_back
from portal.batch_review import batches_of, find_anomalies, find_batch_facts, review_batch
from tests.small_site import COURSE, NOW, Someone, change_score, enter_results, released_site, write_course


def _row(learner: str, overall: float = 0.9, email: str = "", name: str | None = "N", assurance: str = "sealed") -> AwardRow:
    evidence = EvidenceRow(
        assignment="basics", attempt="a", notebook="b", source="c", run="d", run_record="e", graded_at=datetime(2026, 1, 1, tzinfo=UTC),
        assurance=assurance, score=1.0,
    )  # fmt: skip
    return AwardRow(learner=learner, email=email or f"{learner}@x.example", name=name, overall=overall, outcomes=(), evidence=(evidence,))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> CourseManifest:
    return load_manifest(write_course(tmp_path_factory.mktemp("courses")))


def test_rows_without_anything_odd_have_no_anomalies(manifest: CourseManifest) -> None:
    assert find_anomalies([_row("ana"), _row("ben")], manifest) == ()


def test_what_stands_out_names_the_learners_it_is_about(manifest: CourseManifest) -> None:
    rows = [
        _row("cut", overall=0.7),
        _row("above", overall=0.72),
        _row("one", email="same@x.example"),
        _row("two", email="same@x.example"),
        _row("hidden", name=None),
        _row("compat", assurance="compat"),
    ]
    found = {each.code: each.learners for each in find_anomalies(rows, manifest)}
    assert found == {"on the cut": ("cut",), "same address": ("one", "two"), "name not shown": ("hidden",), "not sealed": ("compat",)}


@pytest.mark.slow
def test_an_approver_sees_that_results_changed_since_a_batch_was_prepared(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    enter_results(site, (Someone("ana", "Ana Reyes"), Someone("ben", "Ben Cruz")))
    batch = prepare(site, COURSE, by="clerk", now=NOW).batch
    assert batch
    assert "changed since" not in {each.code for each in review_batch(site, batch).anomalies}
    change_score(site, "ben", "project", "essay", 3.0)
    [changed] = [each for each in review_batch(site, batch).anomalies if each.code == "changed since"]
    assert changed.learners == ("ben",)
    assert find_batch_facts(site, batch).state == "prepared", "looking voids nothing"


@pytest.mark.slow
def test_a_returned_batch_is_void_says_why_and_is_approved_by_nobody(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    enter_results(site, (Someone("ana", "Ana Reyes"),))
    batch = prepare(site, COURSE, by="clerk", now=NOW).batch
    assert batch
    with pytest.raises(BatchError, match="without a note"):
        send_back(site, batch, by="registrar", note="  ", now=NOW)
    send_back(site, batch, by="registrar", note="Ana's name is misspelt", now=NOW)
    [facts] = batches_of(site)
    assert (facts.state, facts.ended_by, facts.ended_because) == ("void", "registrar", "Ana's name is misspelt")
    with pytest.raises(BatchError, match="is void"):
        approve(site, batch, by="registrar", now=NOW)
    with pytest.raises(BatchError, match="is void"):
        send_back(site, batch, by="registrar", note="again", now=NOW)
    again = prepare(site, COURSE, by="clerk", now=NOW).batch
    assert again != batch, "the same content can be prepared anew"
