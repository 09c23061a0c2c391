from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autograder.jobs import AssignmentSource, GradedCell, GradingJob, GradingResult, Limits, SourceCell, SourceNotebook

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10)
_POINTS = st.floats(0, 100)
_GRADED = st.builds(
    GradedCell, name=_TEXT, notebook=_TEXT, kind=st.sampled_from(["test", "manual", "task"]), points_possible=_POINTS,
    auto_score=st.none() | _POINTS, is_unanswered=st.booleans(), note=st.none() | _TEXT,
)  # fmt: skip
_RESULTS = st.builds(
    GradingResult, status=st.sampled_from(["graded", "failed", "broken"]), reason=_TEXT, cells=st.lists(_GRADED, max_size=3).map(tuple),
    warnings=st.lists(_TEXT, max_size=2).map(tuple), duration_s=_POINTS,
)  # fmt: skip


def example_job() -> GradingJob:
    cell = SourceCell(
        name="t", cell_type="code", source="assert 1", checksum=None, locked=True, is_grade=True, is_solution=False, is_task=False, points=1
    )
    notebook = SourceNotebook(name="p1", kernelspec={"name": "python3"}, cells=(cell,))
    source = AssignmentSource(course="c", assignment="a", folder="/none", notebooks=(notebook,), digest="0" * 64)
    return GradingJob(source=source, learner="ana", submission="/none", limits=Limits(), sandbox=True)


def test_a_job_crosses_a_process_boundary_unchanged() -> None:
    job = example_job()
    assert GradingJob.model_validate_json(job.model_dump_json()) == job


@given(_RESULTS)
def test_a_result_crosses_a_process_boundary_unchanged(result: GradingResult) -> None:
    assert GradingResult.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"status": "passed"}', '{"status": "graded", "marks": 5}', '{"status": "graded", "cells": 5}', ""]
)
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        GradingResult.model_validate_json(text)


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        GradingResult(status="failed").status = "graded"


@pytest.mark.parametrize("field", ["cell_timeout_s", "submission_timeout_s"])
def test_a_time_limit_is_more_than_nothing(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Limits.model_validate({field: 0})
