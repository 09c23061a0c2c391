"""What the process of a course tells: never a learner."""

from __future__ import annotations

import pytest

from portal.grading_service.course_process import without_learner


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("/srv/site/work/c/attempts/ps1/ana/20261120", "/srv/site/work/c/attempts"),
        ("/srv/site/work/c/submitted/ana/ps1", "/srv/site/work/c/submitted"),
        ("/srv/site/exchange/c/inbound/ana+ps1+2026", "/srv/site/exchange/c/inbound"),
        ("/srv/site/work/c/grading.db", "/srv/site/work/c/grading.db"),
        ("", ""),
    ],
)
def test_a_place_is_cut_off_where_learners_folders_begin(where: str, told: str) -> None:
    assert without_learner(where) == told
