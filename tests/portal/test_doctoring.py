"""`patunay doctor` says what is missing, and how to mend it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from autograder.sandbox.isolation import LAYERS
from courses.settings import Site
from portal.awarding import record_consent
from portal.doctoring import Finding, examine
from portal.site_making import make_site
from portal.web.core_words import in_language
from tests.small_site import COURSE, NOW, WANTED, released_site

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return released_site(tmp_path / "site", tmp_path_factory.getbasetemp())


def found(start: Path) -> dict[str, Finding]:
    return {each.name: each for each in examine(start)}


def test_a_sound_site_has_nothing_missing(site: Site) -> None:
    findings = found(site.root / "source_notebooks")
    assert [each for each in findings.values() if each.state == "missing"] == []
    assert findings["courses"].told == COURSE
    assert findings["key"].told == "did:web:badges.uni.example"
    assert findings["ledger"].told == "0 credentials"
    assert {"Python", "nbgrader", "pandas", "bubblewrap", "site", "exchange", "disk", "audit log"} <= findings.keys()


def test_whatever_is_not_ok_says_how_to_mend_it(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    (site.keys / "issuer.pem").unlink()
    site.exchange.rmdir()
    (site.root / "ledger.db").write_bytes(b"no rows " * 500)
    findings = found(site.root)
    assert {each.name for each in findings.values() if each.state == "missing"} == {"key", "exchange", "ledger"}
    assert findings["courses"].state == "warning"
    assert all(each.remedy for each in findings.values() if each.state != "ok")


def test_what_the_sandbox_says_of_its_layers_has_its_filipino(tmp_path: Path) -> None:
    layers = [each for each in examine(tmp_path) if each.name.startswith("layer: ")]
    if not layers:
        pytest.skip("no kernel can be forked here")
    assert {each.name.removeprefix("layer: ") for each in layers} == set(LAYERS)
    said = [text for each in layers for text in (each.name, each.told, each.remedy) if re.search("[a-z]", text) and text != "ok"]
    assert [text for text in said if in_language(text, "fil") is None] == []


def test_outside_of_a_site_only_the_machine_is_looked_at(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert findings["site"].state == "warning"
    assert "patunay init" in findings["site"].remedy
    assert "ledger" not in findings
    assert list(tmp_path.iterdir()) == []


def test_a_changed_audit_log_is_found(site: Site) -> None:
    for show in (True, False, True):
        record_consent(site, "ana", COURSE, show_name=show, channel="form", now=NOW)
    assert found(site.root)["audit log"].state == "ok"
    with sqlite3.connect(site.root / "ledger.db") as connection:
        connection.execute("UPDATE audit SET actor = 'ben' WHERE sequence = 2")
    connection.close()
    finding = found(site.root)["audit log"]
    assert finding.state == "missing"
    assert finding.told.startswith("entry 2 was changed")
