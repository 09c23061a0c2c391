"""The demonstration, whole: what it leaves, that it can be run again, and that other people's verifiers accept what it issued."""

from __future__ import annotations

import copy
import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from courses.settings import load_site
from issuer.identity import load_identity
from issuer.proof import add_proof, timestamp, unsecured

pytestmark = pytest.mark.slow

NODE = Path(__file__).parents[1] / "node"
COURSES = ("data-cleaning-with-pandas", "python-foundations", "statistics-for-evidence")


def run_demo(folder: Path, learners: int, courses: Sequence[str] = COURSES) -> dict[str, Any]:
    """Run the command and return what it printed."""
    command = [sys.executable, "-m", "portal.cli", "demo", "--learners", str(learners), "--into", str(folder), "--json"]
    command += [word for course in courses for word in ("--course", course)] if courses != COURSES else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.fixture(
    scope="session", params=[pytest.param(COURSES[2:], id="one course"), pytest.param(COURSES, id="all", marks=pytest.mark.thorough)]
)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The demonstration with twelve learners, run once for all tests of this file: of the last sample course, and thoroughly of all."""
    folder = tmp_path_factory.mktemp("demo") / "site"
    summary = run_demo(folder, 12, request.param)
    assert tuple(summary["courses"]) == request.param
    return folder, summary


def standing(summary: dict[str, Any], course: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in summary["courses"][course]["standing"]}


def test_it_leaves_the_files_that_it_promises(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = demo
    jsons = sorted((folder / "credentials").glob("*.json"))
    assert len(jsons) == summary["credentials"] == summary["issued_now"] >= 4 * len(summary["courses"])
    for ending in ("png", "pdf"):
        assert sorted(path.stem for path in (folder / "credentials").glob(f"*.{ending}")) == [path.stem for path in jsons]
    assert json.loads((folder / "did.json").read_text())["id"] == "did:web:credentials.bayanihan.example"
    assert sorted(path.name for path in (folder / "status").glob("*.json")) == ["1.json", "audit-head.json"]
    assert {path.stem for path in (folder / "reports").glob("*.html")} == set(summary["courses"])
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert (folder / "keys" / "issuer.pem").stat().st_mode & 0o777 == 0o600


def test_every_kind_of_learner_gets_what_they_earned(demo: tuple[Path, dict[str, Any]]) -> None:
    for course in demo[1]["courses"]:
        kinds = standing(demo[1], course)
        late = "not yet" if course == "statistics-for-evidence" else "eligible"  # that course takes nothing after the due date
        expected = {
            "all correct": "eligible",
            "partly correct": "not yet",
            "resubmits after failing": "eligible",
            "wrong": "not yet",
            "late": late,
            "one notebook missing": "blocked",
            "a cell that kills its kernel": "blocked",
            "a duplicated cell": "eligible",
            "a hidden-test thief": "not yet",
        }
        assert {kind: kinds[kind]["status"] for kind in expected} == expected
        assert kinds["all correct"]["overall"] == 1.0
        assert 0.3 < kinds["partly correct"]["overall"] < 0.7
        assert kinds["wrong"]["overall"] == kinds["a hidden-test thief"]["overall"] == 0.0
        assert 0.6 < kinds["a cell that loops for ever"]["overall"] < 1.0
        assert all(each["reasons"] for each in demo[1]["courses"][course]["standing"])


def test_every_credential_verifies_and_the_withdrawn_one_is_seen_withdrawn(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = demo
    count = summary["credentials"]
    assert summary["verified"] == {"json: valid": count, "png: valid": count, "pdf: valid": count}
    assert summary["revoked_verdict"] == "withdrawn"
    files = [str(path) for path in sorted((folder / "credentials").glob("*.json"))]
    command = [sys.executable, "-m", "portal.cli", "verify", *files, "--published", str(folder), "--offline", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd="/")
    assert done.returncode == 1  # one of them is withdrawn
    verdicts = [each["verdict"] for each in json.loads(done.stdout)]
    assert sorted(set(verdicts)) == ["valid with a note", "withdrawn"]
    assert verdicts.count("withdrawn") == 1


def test_the_gradebook_says_blank_and_why_where_nothing_is_decided(demo: tuple[Path, dict[str, Any]]) -> None:
    for course in demo[1]["courses"]:
        with (demo[0] / "gradebook" / f"{course}-assignments.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 36
        undecided = [row for row in rows if row["state"] == "ungraded"]
        assert len(undecided) == 2
        assert all(row["score"] == row["final_score"] == "" and row["reason"] for row in undecided)
        assert {row["state"] for row in rows} == {"graded", "ungraded"}
        assert sum(int(row["attempts"]) for row in rows) == 37


def test_the_report_is_one_page_that_asks_nobody_for_anything(demo: tuple[Path, dict[str, Any]]) -> None:
    for course in demo[1]["courses"]:
        page = (demo[0] / "reports" / f"{course}.html").read_text(encoding="utf-8")
        assert "<script" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert '<html lang="en">' in page
        assert page.count("<h1>") == 1
        charts = re.findall("<svg [^>]*>", page)
        assert len(charts) >= 3
        assert all('role="img"' in each and 'aria-label="' in each for each in charts)
        assert "noel.agbayani" in page


def test_names_stand_in_credentials_only_with_consent(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    texts = [path.read_text(encoding="utf-8") for path in (folder / "credentials").glob("*.json")]
    assert any("Maria Consuelo Santos" in text for text in texts)
    assert not any("Sinsuat" in text for text in texts)
    assert not any("@learners.bayanihan.example" in text for text in texts)


def test_a_badge_is_a_picture_and_its_credential(demo: tuple[Path, dict[str, Any]]) -> None:
    path = next((demo[0] / "credentials").glob("*.png"))
    with Image.open(path) as image:
        assert image.size == (600, 600)
    assert path.with_suffix(".json").read_bytes() in path.read_bytes()


def test_a_second_run_in_the_same_folder_does_nothing_twice(demo: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    first, summary = demo
    folder = tmp_path / "site"
    shutil.copytree(first, folder, symlinks=True)
    published = {path.relative_to(folder): path.read_bytes() for path in (folder / "credentials").iterdir()}
    status = (folder / "status" / "1.json").read_bytes()
    courses = tuple(summary["courses"])
    again = run_demo(folder, 12, courses)
    assert (again["issued_now"], again["submissions_new"], again["attempts_graded_now"], again["marked_by_hand"]) == (0, 0, 0, 0)
    assert again["credentials"] == summary["credentials"]
    assert again["revoked"] == summary["revoked"]
    assert {path.relative_to(folder): path.read_bytes() for path in (folder / "credentials").iterdir()} == published
    assert (folder / "status" / "1.json").read_bytes() == status
    outcome = {
        course: [(each["learner"], each["status"], each["overall"]) for each in summary["courses"][course]["standing"]]
        for course in courses
    }
    assert {
        course: [(each["learner"], each["status"], each["overall"]) for each in again["courses"][course]["standing"]] for course in courses
    } == outcome


@pytest.mark.thorough
def test_killed_again_and_again_it_finishes_and_issues_to_everyone_once(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    command = [sys.executable, "-m", "portal.cli", "demo", "--learners", "3", "--into", str(folder), "--json"]
    for patience in (0.6, 1.5, 2.5, 4.0, 6.0, 8.0, 11.0, 14.0):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as running:
            time.sleep(patience)
            running.send_signal(signal.SIGKILL)
    summary = run_demo(folder, 3)
    assert summary["credentials"] == 2 * len(COURSES)
    learners = [
        (course, each["learner"]) for course in COURSES for each in summary["courses"][course]["standing"] if each["status"] == "eligible"
    ]
    assert len(learners) == 2 * len(COURSES)
    assert len(list((folder / "credentials").glob("*.json"))) == 2 * len(COURSES)
    assert summary["courses"][COURSES[0]]["attempts"] == 10


def _verify_elsewhere(script: str, folder: Path, files: list[Path]) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        ["node", str(NODE / script), str(folder), *map(str, files)], capture_output=True, text=True, timeout=900, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == len(files), done.stderr
    return {Path(line["file"]).name: line for line in lines}


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed; `make node` installs it")
@pytest.mark.parametrize("script", ["verify_digitalbazaar.mjs", "verify_dcc.mjs"])
def test_other_peoples_verifiers_accept_what_was_issued_and_refuse_what_was_changed(
    demo: tuple[Path, dict[str, Any]], script: str, tmp_path: Path
) -> None:
    folder, summary = demo
    identity = load_identity(load_site(folder))
    issued = sorted((folder / "credentials").glob("*.json"))
    revoked = summary["revoked"].removeprefix("urn:uuid:")
    documents = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in issued}
    document = next(each for stem, each in documents.items() if stem != revoked and "name" in each["credentialSubject"])

    score = copy.deepcopy(document)
    score["credentialSubject"]["result"][0]["value"] = "99.99"
    name = copy.deepcopy(document)
    name["credentialSubject"]["name"] = "Somebody Else"
    expired = unsecured(document)
    expired["validUntil"] = timestamp(datetime.now(UTC) - timedelta(days=1))
    expired["validFrom"] = timestamp(datetime.now(UTC) - timedelta(days=2))
    made = {
        "score.json": score,
        "name.json": name,
        "expired.json": add_proof(expired, identity.signer, datetime.now(UTC) - timedelta(days=2)),
    }
    for file_name, content in made.items():
        (tmp_path / file_name).write_text(json.dumps(content), encoding="utf-8")

    verdicts = _verify_elsewhere(script, folder, [*issued, *(tmp_path / file_name for file_name in made)])
    assert {stem for stem, verdict in verdicts.items() if verdict["verified"]} == {path.name for path in issued if path.stem != revoked}
    assert verdicts[f"{revoked}.json"]["status"] == "revoked"
    assert not verdicts["score.json"]["signature"]
    assert not verdicts["name.json"]["signature"]
    assert verdicts["expired.json"]["signature"]
