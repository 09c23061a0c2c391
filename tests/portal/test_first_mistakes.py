"""What a new user gets wrong is answered in words: the problem, where, what to do, exit code 1, nothing lost and never a traceback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from courses.settings import Site, load_site
from portal.awarding import approve, prepare
from portal.cli.app import main
from tests.portal.commands import Ran, assert_diagnosed, command, environment, heed_interrupts, mounted, patunay
from tests.small_course import make_small_course
from tests.small_site import COURSE, NOW, enter_results, people, released_site

pytestmark = pytest.mark.slow

IS_ROOT = os.geteuid() == 0
ONLY_ROOT = pytest.mark.skipif(not IS_ROOT, reason="mounting needs root")


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose releases run the reference solutions only: here it is what goes wrong around them that counts."""
    found = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    with (found.root / "patunay.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[gate]\ndepth = "plan"\n')
    return load_site(found.root)


class Runner:
    """Runs commands in this process, with what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        code = main(arguments)
        shown = self._capsys.readouterr()
        return Ran(code, shown.out, shown.err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capsys)


def at(site: Site) -> tuple[str, str]:
    return "--site", str(site.root)


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# -- names ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "tiny-corse"), ("release", "tiny-corse"), ("collect", "tiny-corse"), ("grade", "tiny-corse"), ("gradebook", "tiny-corse"),
        ("eligible", "tiny-corse"), ("report", "tiny-corse"), ("batch", "prepare", "tiny-corse", "--by", "Ana"), ("consent", "ana", "tiny-corse", "--show-name"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_course_that_is_not_there_is_answered_with_the_nearest_name(arguments: tuple[str, ...], site: Site, run: Runner) -> None:
    ran = run(*arguments, *at(site))
    assert_diagnosed(ran, "there is no course called 'tiny-corse'", str(site.courses), "Did you mean 'tiny-course'?")


@pytest.mark.parametrize("step", ["collect", "grade"])
def test_an_assignment_that_was_not_released_is_answered_with_those_that_were(step: str, site: Site, run: Runner) -> None:
    assert_diagnosed(
        run(step, COURSE, "nosuch", *at(site)), "assignment 'nosuch' is not released", COURSE, "Released are: basics, project."
    )


def test_releasing_an_assignment_that_is_not_there_is_answered_with_those_that_are(site: Site, run: Runner) -> None:
    assert_diagnosed(run("release", COURSE, "nosuch", *at(site)), "has no assignment 'nosuch'", "course.toml", "basics, project")


def test_grading_an_unknown_assignment_of_an_nbgrader_course_is_answered_with_those_that_are_there(tmp_path: Path, run: Runner) -> None:
    small = make_small_course(tmp_path / "course")
    assert_diagnosed(run("grade", "nosuch", "--root", str(small.root)), "has no assignment 'nosuch'", "source", "Its assignments are: ps1.")


@pytest.mark.parametrize("name", ["../ps1", ".hidden", "a+b", "x/../../etc"])
def test_an_assignments_name_that_is_a_path_is_refused(name: str, tmp_path: Path, run: Runner) -> None:
    (tmp_path / "source").mkdir()
    assert_diagnosed(run("grade", name, "--root", str(tmp_path)), "cannot be the name of an assignment", "Use a name without slashes")


def test_grading_in_a_folder_that_is_no_course_says_so(tmp_path: Path, run: Runner) -> None:
    assert_diagnosed(run("grade", "--root", str(tmp_path)), "there is no assignment to grade", "Is this an nbgrader course directory?")
    assert_diagnosed(run("grade", "--root", str(tmp_path / "nosuch")), "there is no such course directory", "nosuch", "nbgrader_config.py")


def test_a_submission_of_an_unknown_assignment_in_the_exchange_is_left_alone(site: Site, run: Runner) -> None:
    inbound = site.exchange / COURSE / "inbound"
    for name in ("ana+nosuch+2026-11-20 08:00:00.000000 UTC", "no meaning at all", "ana+basics+yesterday", "+++"):
        (inbound / name).mkdir(parents=True)
        (inbound / name / "x.ipynb").write_text("{}", encoding="utf-8")
    ran = run("collect", COURSE, *at(site))
    assert (ran.code, ran.out) == (0, "basics: 0 new attempts, 0 known.\nproject: 0 new attempts, 0 known.\n")
    assert len(list(inbound.iterdir())) == 4, "nothing that learners handed in is ever removed"


def test_grading_a_learner_who_handed_nothing_in_says_so(site: Site, run: Runner) -> None:
    assert_diagnosed(run("grade", COURSE, "--learner", "nosuch", *at(site)), "no submission by 'nosuch' is here", "patunay collect")


def test_a_batch_that_is_not_there_is_told(site: Site, run: Runner) -> None:
    for arguments in (("show", "nosuch"), ("approve", "nosuch", "--by", "B"), ("issue", "nosuch")):
        assert_diagnosed(run("batch", *arguments, *at(site)), "there is no batch 'nosuch'", "patunay batch list")


def test_a_credential_that_is_not_there_is_told(site: Site, run: Runner) -> None:
    assert_diagnosed(run("revoke", "nosuch", "--reason", "x", "--by", "B", *at(site)), "no credential 'nosuch'", "ledger.db", "batch show")


def test_a_format_that_is_not_there_is_answered_with_those_that_are(site: Site, run: Runner) -> None:
    assert_diagnosed(run("gradebook", COURSE, "--format", "doc", *at(site)), "there is no format 'doc'", "csv, xlsx")


# -- what people write --------------------------------------------------------------------------------------------------------------------


def test_an_unknown_key_of_a_manifest_is_answered_with_the_nearest(site: Site, run: Runner) -> None:
    rewrite(site.courses / COURSE / "course.toml", 'supervision = "none"', 'supervison = "none"')
    assert_diagnosed(run("check", COURSE, *at(site)), "course.toml", "supervison: unknown key; did you mean 'supervision'?", "Correct")


def test_an_unknown_key_deep_in_a_manifest_is_answered_with_the_nearest(site: Site, run: Runner) -> None:
    rewrite(site.courses / COURSE / "course.toml", "weight = 40", "weight = 40\nattemps = 3")
    assert_diagnosed(run("check", COURSE, *at(site)), "course.toml", "assessments[1].attemps: unknown key; did you mean 'attempts'?")


def test_weights_that_do_not_sum_are_shown_with_their_sum(site: Site, run: Runner) -> None:
    rewrite(site.courses / COURSE / "course.toml", "weight = 40", "weight = 45")
    assert_diagnosed(run("release", COURSE, *at(site)), "course.toml", "the weights must sum to 100, but 45 + 60 = 105")


def test_a_manifest_that_is_no_toml_is_told_with_its_line(site: Site, run: Runner) -> None:
    rewrite(site.courses / COURSE / "course.toml", 'version = "1.0.0"', "version = 1.0.0")
    assert_diagnosed(run("check", COURSE, *at(site)), "course.toml", "this is not TOML", "line 3")


@pytest.mark.parametrize(
    "content", ["this is no JSON", "", "[]", "{}", "\x00\x01", '{"cells": 1, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}']
)
def test_a_notebook_that_is_none_is_told_with_its_path(content: str, site: Site, run: Runner) -> None:
    notebook = site.courses / COURSE / "basics" / "basics.ipynb"
    notebook.write_text(content, encoding="utf-8")
    for step in ("check", "release"):
        assert_diagnosed(run(step, COURSE, *at(site)), str(notebook), "JupyterLab")


def test_an_unknown_key_of_the_settings_is_answered_with_the_nearest_and_doctor_sees_it_too(site: Site, run: Runner) -> None:
    rewrite(site.root / "patunay.toml", "two_person = true", "two_persons = true")
    assert_diagnosed(run("courses", *at(site)), "patunay.toml", "approval.two_persons: unknown key; did you mean 'two_person'?")
    doctor = run("doctor", "--json", *at(site))
    assert doctor.code == 1
    (finding,) = [each for each in json.loads(doctor.out) if each["name"] == "site"]
    assert finding["state"] == "missing"
    assert "did you mean 'two_person'" in finding["told"]


def test_outside_of_a_site_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    ran = patunay("courses", cwd=tmp_path)
    assert_diagnosed(ran, f"{tmp_path} is not inside a Patunay site", "patunay init DIR", "--site DIR")


def test_a_mistyped_site_folder_is_not_taken_for_the_one_around_it(site: Site) -> None:
    assert_diagnosed(patunay("courses", "--site", "nosuch", cwd=site.root), "there is no such folder", "nosuch", "--site")


@pytest.mark.parametrize(
    "source", ["nosuch.json", "folder", "empty.json", "picture.png", "paper.pdf", "text.txt", "http://x.example/c.json"]
)
def test_what_is_no_credential_is_told_and_is_not_relied_on(
    source: str, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.json").touch()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7 not really")
    (tmp_path / "text.txt").write_text("hello", encoding="utf-8")
    ran = run("verify", source, "--offline")
    assert (ran.code, "Traceback" in ran.out + ran.err) == (1, False)
    assert ran.out.startswith(f"{source}: UNREADABLE\n  ")


# -- what the machine refuses -------------------------------------------------------------------------------------------------------------


def republish(site: Site) -> None:
    """Change the course, so that releasing has to write into the exchange."""
    rewrite(site.courses / COURSE / "course.toml", "Squares, sums and a plan.", "Squares, sums and one plan.")


def test_a_file_in_the_place_of_the_exchange_is_told(site: Site, run: Runner) -> None:
    shutil.rmtree(site.exchange)
    site.exchange.write_text("", encoding="utf-8")
    republish(site)
    assert_diagnosed(run("release", COURSE, *at(site)), str(site.exchange), "the exchange cannot be made", "Make the folder")
    doctor = run("doctor", "--json", *at(site))
    assert doctor.code == 1
    assert {each["name"] for each in json.loads(doctor.out) if each["state"] == "missing"} == {"exchange"}


@ONLY_ROOT
def test_an_exchange_that_cannot_be_written_to_is_told_and_the_old_release_stands(site: Site, run: Runner) -> None:
    before = {path: path.read_bytes() for path in site.exchange.rglob("*.ipynb")}
    release = (site.course_root(COURSE) / "current-release.json").read_bytes()
    republish(site)
    with mounted("--bind", str(site.exchange), str(site.exchange)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(site.exchange)], check=True)
        assert_diagnosed(run("release", COURSE, *at(site)), str(site.exchange), "the exchange", "Read-only file system")
    assert {path: path.read_bytes() for path in site.exchange.rglob("*.ipynb")} == before
    assert (site.course_root(COURSE) / "current-release.json").read_bytes() == release
    assert run("release", COURSE, *at(site)).code == 0


def test_an_exchange_without_inbound_folder_is_told(site: Site, run: Runner) -> None:
    shutil.rmtree(site.exchange / COURSE / "inbound")
    assert_diagnosed(run("collect", COURSE, *at(site)), "no inbound folder", str(site.exchange), f"patunay release {COURSE}")


def issued(site: Site) -> str:
    """Enter three learners and approve a batch of them; return its id."""
    enter_results(site, people(3))
    prepared = prepare(site, COURSE, by="Ana", now=NOW)
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben", now=NOW)
    return prepared.batch


def test_a_key_that_others_can_read_signs_nothing(site: Site, run: Runner) -> None:
    batch = issued(site)
    key = site.keys / "issuer.pem"
    key.chmod(0o644)
    assert_diagnosed(run("batch", "issue", batch, *at(site)), str(key), "its mode is 0644", "chmod 600")
    assert not (site.root / "credentials").exists()
    key.chmod(0o600)
    assert run("batch", "issue", batch, *at(site)).code == 0


def test_a_missing_key_is_told_and_not_made_anew(site: Site, run: Runner) -> None:
    batch = issued(site)
    (site.keys / "issuer.pem").unlink()
    assert_diagnosed(run("batch", "issue", batch, *at(site)), "issuer.pem", "there is no such key", "patunay init")
    assert not (site.keys / "issuer.pem").exists()


@ONLY_ROOT
@pytest.mark.thorough
def test_a_full_disk_is_told_and_afterwards_it_goes_on(site: Site, tmp_path: Path) -> None:
    batch = issued(site)
    target = site.root / "credentials"
    target.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(target)):
        assert_diagnosed(patunay("batch", "issue", batch, cwd=site.root), str(target), "the disk is full", "goes on where it stopped")
        assert not [path for path in target.iterdir() if path.name.startswith(".")], "a half-written file was left"
        assert patunay("doctor", cwd=site.root).code == 0
    ran = patunay("batch", "issue", batch, "--json", cwd=site.root)
    assert (ran.code, ran.json()["before"]) == (0, 3)
    assert len(list(target.iterdir())) == 9


@ONLY_ROOT
@pytest.mark.slow
def test_a_disk_that_is_full_for_the_ledger_is_told_and_nothing_is_half_issued(site: Site, tmp_path: Path) -> None:
    """The ledger itself lies on a tiny disk, which a file fills up."""
    enter_results(site, people(60))
    small = tmp_path / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)):
        rewrite(
            site.root / "patunay.toml", 'timezone = "Asia/Manila"', f'timezone = "Asia/Manila"\nledger = "sqlite:////{small}/ledger.db"'
        )
        moved = load_site(site.root)
        prepared = prepare(moved, COURSE, by="Ana", now=NOW)
        assert prepared.batch is not None
        approve(moved, prepared.batch, by="Ben", now=NOW)
        filler = small / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
            while True:
                stream.write(bytes(4096))
        assert_diagnosed(patunay("batch", "issue", prepared.batch, cwd=site.root), "ledger.db", "full", "ree some space")
        filler.unlink()
        ran = patunay("batch", "issue", prepared.batch, "--json", cwd=site.root)
        assert ran.code == 0, ran.err
        assert ran.json()["new"] + ran.json()["before"] == 60
        assert len(list((site.root / "credentials").glob("*.json"))) == 60


def test_a_ledger_that_another_process_holds_is_told(site: Site, run: Runner) -> None:
    rewrite(site.root / "patunay.toml", 'timezone = "Asia/Manila"', 'timezone = "Asia/Manila"\nledger = "sqlite:///ledger.db?timeout=0.3"')
    batch = issued(load_site(site.root))
    holder = sqlite3.connect(site.root / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert_diagnosed(run("batch", "issue", batch, *at(site)), "ledger.db", "locked by another process", "run the command again")
    finally:
        holder.close()
    ran = run("batch", "issue", batch, "--json", *at(site))
    assert (ran.code, json.loads(ran.out)["new"]) == (0, 3)


@pytest.mark.slow
def test_a_gradebook_that_another_process_holds_is_told(site: Site, run: Runner) -> None:
    """nbgrader opens its database with SQLite's own patience, five seconds."""
    enter_results(site, people(1))
    database = site.course_root(COURSE) / "gradebook.db"
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert_diagnosed(run("gradebook", COURSE, *at(site)), "gradebook.db", "locked by another process", "run the command again")
    finally:
        holder.close()
    assert run("gradebook", COURSE, *at(site)).code == 0


def test_a_damaged_gradebook_is_told_and_left_alone(site: Site, run: Runner) -> None:
    database = site.course_root(COURSE) / "gradebook.db"
    database.write_bytes(b"no rows here " * 1000)
    assert_diagnosed(run("gradebook", COURSE, *at(site)), "gradebook.db", "not a database, or is damaged", "backup")
    assert database.read_bytes().startswith(b"no rows here")


def test_a_place_where_no_file_can_be_written_is_told(site: Site, run: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = run("gradebook", COURSE, "--format", "csv", "--out", str(tmp_path / "file" / "x.csv"), *at(site))
    assert_diagnosed(ran, str(tmp_path / "file"))


@pytest.mark.thorough
def test_interrupting_with_the_keyboard_says_that_nothing_is_lost(site: Site) -> None:
    batch = issued(site)
    holder = sqlite3.connect(site.root / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")  # so that there is time to interrupt
    process = subprocess.Popen(
        command("batch", "issue", batch),
        cwd=site.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    )
    while not _has_open(process.pid, "ledger.db"):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    holder.close()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.decode()) == (130, "")
    assert err.decode() == "patunay: stopped. Run the same command again: it goes on where it stopped.\n"
    assert patunay("batch", "issue", batch, cwd=site.root).code == 0


def _has_open(pid: int, name: str) -> bool:
    """Whether the process has a file of that name open, as Linux tells."""
    with contextlib.suppress(OSError):
        return any(name in os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir())
    return False
