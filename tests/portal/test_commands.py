"""Every command: help with an example, JSON for machines, results and talk apart, exit codes 0, 1 and 2."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path

import pytest
import typer

from courses.settings import Site
from portal.cli.app import app, main
from portal.cli.output import print_json
from tests.portal.commands import assert_diagnosed, command, environment, patunay
from tests.small_course import SQUARE, make_small_course
from tests.small_site import COURSE, Someone, enter_results, people, released_site

pytestmark = pytest.mark.slow


def command_names() -> list[tuple[str, ...]]:
    """Return every command, as it is typed."""
    group = typer.main.get_command(app)
    found: list[tuple[str, ...]] = []
    for name, entry in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(entry, "commands", None)
        found += [(name, each) for each in inner] if inner else [(name,)]
    return sorted(found)


PRINTS_RESULTS = [
    ("batch", "check"), ("batch", "issue"), ("batch", "list"), ("batch", "prepare"), ("batch", "show"), ("check",), ("collect",), ("courses",), ("demo",), ("doctor",),
    ("eligible",), ("grade",), ("gradebook",), ("init",), ("release",), ("report",), ("review",), ("verify",), ("revoke",), ("suspend",), ("decisions", "list"), ("register",), ("key", "list"),
    ("audit", "verify"), ("privacy", "export"), ("privacy", "purge"), ("ledger", "copy"),
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with three learners, which the tests of this file only read."""
    site = released_site(tmp_path_factory.mktemp("commands") / "site", tmp_path_factory.getbasetemp())
    enter_results(site, (*people(2), Someone("josé.ñ", "José Ñuñez", (2.0, 8.0, 6.0, None))))
    return site


@pytest.mark.parametrize("name", command_names(), ids=" ".join)
def test_help_says_what_a_command_does_and_gives_an_example(name: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    flat = re.sub(r"\s+", " ", shown.out)
    assert f"Example: patunay {' '.join(name)}" in flat or f"Examples: patunay {' '.join(name)}" in flat, flat
    assert "[default: (dynamic)]" not in flat


@pytest.mark.parametrize("name", PRINTS_RESULTS, ids=" ".join)
def test_every_command_that_prints_results_prints_them_for_machines_too(name: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    main([*name, "--help"])
    assert "--json" in capsys.readouterr().out


def test_no_command_is_forgotten_by_these_tests() -> None:
    assert set(command_names()) - set(PRINTS_RESULTS) == {
        ("batch", "approve"), ("consent",), ("reinstate",), ("correct",), ("renew",), ("decisions", "grant"), ("decisions", "refuse"),
        ("audit", "anchor"), ("privacy", "erase"), ("key", "generate"), ("key", "rotate"), ("key", "adopt"), ("key", "protect"), ("key", "retire"),
        ("export", "credential"), ("export", "record"), ("export", "link"),
        # Those below have test files of their own: authoring, workflow, mutation, variants, similarity, regrading, extensions, the portal and the hub.
        ("new", "course"), ("new", "assignment"), ("import",), ("markdown",), ("adopt",), ("mutants",), ("variant",), ("similarity",), ("regrade",),
        ("course", "submit"), ("course", "approve"), ("course", "return"), ("course", "comment"), ("course", "retire"), ("course", "reopen"),
        ("course", "status"), ("course", "recheck"), ("extend",), ("batch", "return"), ("watch",), ("serve",), ("hub",),
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        ("nosuch",), ("--nosuch",), ("check",), ("courses", "extra"), ("grade",), ("batch",), ("batch", "nosuch"), ("batch", "prepare", COURSE),
        ("batch", "approve", "x"), ("revoke", "x"), ("verify",), ("consent", "ana"), ("consent", "ana", COURSE), ("init",), ("demo", "--learners", "0"),
        ("demo", "--learners", "many"), ("grade", COURSE, "--jobs", "-1"), ("verify", "x.json", "--published", "nosuch"), ("collect",), ("eligible",),
        ("gradebook",), ("report",), ("release",), ("batch", "show"), ("batch", "issue"), (),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong) == 2
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err + shown.out
    if wrong in {(), ("batch",)}:
        assert "Usage: patunay" in shown.out
        assert shown.err == ""
    else:
        assert shown.out == ""
        assert re.match(r"patunay: \S.*\nSee `patunay --help`", shown.err), shown.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("courses",), COURSE),
        (("check", COURSE, "--quick"), None),
        (("collect", COURSE), "basics"),
        (("gradebook", COURSE), "learner000"),
        (("gradebook", COURSE, "--cells"), "test_square"),
        (("eligible", COURSE), "All requirements are met"),
        (("batch", "list"), None),
        (("doctor",), "audit log"),
        (("batch", "prepare", COURSE, "--by", "Ana"), "learner001"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_results_go_to_stdout_as_a_table_or_as_json(
    arguments: tuple[str, ...], expected: str | None, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--site", str(site.root))
    assert main([*arguments, *at]) == 0
    told = capsys.readouterr()
    assert told.out.strip()
    assert "\x1b" not in told.out, "colours in a file"
    assert main([*arguments, *at, "--json"]) == 0
    machine = capsys.readouterr()
    value = json.loads(machine.out)
    assert machine.err == ""
    if expected:
        assert expected in told.out
        assert expected in json.dumps(value, ensure_ascii=False)


def test_eligibility_for_machines_holds_the_reasons_by_code(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    main(["eligible", COURSE, "--site", str(site.root), "--json"])
    by_learner = {each["learner"]: each for each in json.loads(capsys.readouterr().out)}
    assert by_learner["josé.ñ"]["status"] == "blocked"
    assert by_learner["josé.ñ"]["reasons"][0]["code"] == "needs-manual"
    assert by_learner["learner000"]["outcomes"] == {"LO1": 1.0, "LO2": 1.0}


def test_the_gradebook_for_machines_has_no_zero_for_what_is_not_graded(site: Site) -> None:
    ran = patunay("gradebook", COURSE, "--json", cwd=site.root)
    (waiting,) = [row for row in ran.json() if row["state"] != "graded"]
    assert (waiting["learner"], waiting["assignment"], waiting["score"]) == ("josé.ñ", "project", None)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet"])
def test_a_gradebook_file_is_named_on_stdout(form: str, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["gradebook", COURSE, "--format", form, "--out", str(tmp_path), "--site", str(site.root)])
    shown = capsys.readouterr()
    if code == 1:
        assert form == "parquet"  # needs a library that is not everywhere
        assert "patunay: " in shown.err
        return
    assert Path(shown.out.strip()).stat().st_size > 100
    assert shown.err == ""


@pytest.mark.thorough
@pytest.mark.slow
def test_the_governed_path_from_the_command_line(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    enter_results(site, people(2))
    assert patunay("consent", "learner000", COURSE, "--show-name", cwd=site.root).code == 0
    prepared = patunay("batch", "prepare", COURSE, "--by", "Ana Reyes", "--json", cwd=site.root).json()
    short = prepared["batch"][:8]
    assert_diagnosed(patunay("batch", "issue", short, cwd=site.root), "is prepared, not approved", "patunay batch approve")
    assert_diagnosed(patunay("batch", "approve", short, "--by", " ana REYES", cwd=site.root), "cannot approve it too", "someone else")
    approved = patunay("batch", "approve", short, "--by", "Ben", cwd=site.root)
    assert approved.out == f"Batch {prepared['batch']} is approved by Ben.\n"
    assert approved.err == f"Next: patunay batch issue {short}\n"
    again = patunay("batch", "approve", short, "--by", "Ana Reyes", cwd=site.root)
    assert again.out == f"Batch {prepared['batch']} is approved by Ben.\n", "it must not say that Ana approved it"
    issued = patunay("batch", "issue", short, "--json", cwd=site.root).json()
    assert (issued["new"], issued["before"]) == (2, 0)
    files = sorted(Path(issued["folder"]).glob("*.json"))
    rows = patunay("batch", "show", short, "--json", cwd=site.root).json()
    assert [row["name"] for row in rows] == ["Ligaya Numero000", None]
    verified = patunay("verify", *map(str, files), "--json", "--offline", cwd=site.root)
    assert (verified.code, [each["verdict"] for each in verified.json()]) == (0, ["valid", "valid"])
    away = patunay("verify", str(files[0]), "--published", str(site.root), "--offline", cwd=tmp_path)
    assert (away.code, away.err) == (0, "")
    revoked = patunay("revoke", files[0].stem, "--reason", "a mistake", "--by", "Ben", cwd=site.root)
    assert revoked.out == f"{files[0].stem} is withdrawn.\n"
    seen = patunay("verify", *map(str, files), "--json", "--offline", cwd=site.root)
    assert (seen.code, [each["verdict"] for each in seen.json()]) == (1, ["withdrawn", "valid"])


def test_who_is_not_enrolled_is_told_beside_the_recorded_consent(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consent", "learner0", COURSE, "--hide-name", "--site", str(site.root)]) == 0
    shown = capsys.readouterr()
    assert "not stand" in shown.out
    assert "knows no 'learner0' yet" in shown.err


@pytest.mark.slow
def test_grading_any_nbgrader_course_directory_from_the_command_line(tmp_path: Path) -> None:
    small = make_small_course(tmp_path / "course")
    small.submit("ana", SQUARE, "found = 3")
    ran = patunay("grade", "ps1", "--root", str(small.root), "--json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    (graded,) = ran.json()["graded"]
    assert (graded["learner"], graded["status"], graded["score"]) == ("ana", "graded", 5.0)
    again = patunay("grade", "--root", str(small.root), "--json", cwd=tmp_path)
    assert again.json() == {"graded": [], "counts": {"graded": 0, "failed": 0, "broken": 0}, "waiting_for_a_person": 0, "skipped": 1}


def test_output_that_nobody_reads_any_more_is_no_traceback(site: Site) -> None:
    process = subprocess.Popen(
        command("gradebook", COURSE, "--cells"), cwd=site.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 1
    assert err == ""


@pytest.mark.parametrize("arguments", [("eligible", COURSE), ("eligible", COURSE, "--json"), ("collect", "josé")])
def test_a_terminal_without_filipino_letters_is_no_reason_to_stop(arguments: tuple[str, ...], site: Site) -> None:
    ran = patunay(*arguments, cwd=site.root, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert "Traceback" not in ran.err
    if "--json" in arguments:
        assert "josé.ñ" in {row["learner"] for row in ran.json()}


def test_help_answers_in_a_blink() -> None:
    """Heavy libraries are imported by the command that needs them."""
    heavy = "pandas, nbgrader, nbconvert, sqlalchemy, pyld, matplotlib, typst"
    code = f"import sys, portal.cli.app; print([name for name in {heavy!r}.split(', ') if name in sys.modules])"
    ran = subprocess.run([command()[0], "-c", code], env=environment(), capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_print_json_writes_letters_as_they_are_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, expected in (("utf-8", "ñ"), ("ascii", "\\u00f1")):
        raw = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
        print_json("ñ")
        assert raw.getvalue().decode(encoding).strip() == f'"{expected}"'
