"""`patunay variant`: whose values are which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from courses.variant_release import find_pool
from portal.cli.app import main
from tests.varied_site import COURSE, make_varied_site, release

pytestmark = pytest.mark.slow


def test_the_command_tells_a_learner_all_variants_and_everybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = make_varied_site(tmp_path / "site")
    release(site)
    pool = find_pool(site.course_root(COURSE), "ps1")
    assert pool is not None
    capsys.readouterr()

    def told(*arguments: str) -> str:
        assert main(["variant", COURSE, "ps1", *arguments, "--site", str(site.root)]) == 0
        return capsys.readouterr().out

    (row,) = json.loads(told("maria", "--json"))
    assert row == {"learner": "maria", "variant": pool.row_of("maria") + 1, "of": 6, "values": pool.values_of("maria")}
    assert [each["values"] for each in json.loads(told("--json"))] == list(pool.rows)
    assert "maria" in told("maria")
    assert "knows nobody yet" in told("--all")
    assert main(["variant", COURSE, "ps2", "--site", str(site.root)]) == 1
