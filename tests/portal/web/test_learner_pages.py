"""The learner's pages as learners meet them: what stands there, what forms do, and that nobody sees anybody else's."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser

from autograder.records import open_records
from courses.settings import Site
from portal.attempt_states import Stage, state_of
from portal.claiming import consents_of
from portal.course_work import collect_course
from portal.requests import requests_of
from portal.sharing import sharing_of
from tests.portal.web.browser import barriers, overflow
from tests.portal.web.learner_site import NOW, credential_of_ana, learner_site, learners_portal
from tests.portal.web.running import RunningPortal, submit
from tests.small_site import COURSE

pytestmark = pytest.mark.slow
WORK = f"my/{COURSE}/basics"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return learner_site(tmp_path_factory.mktemp("learners") / "site", tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def portal(site: Site) -> Iterator[RunningPortal]:
    with learners_portal(site) as running:
        yield running


@pytest.fixture(scope="module")
def credential(site: Site) -> str:
    return credential_of_ana(site)


def pages_of(credential: str) -> tuple[str, ...]:
    return (
        "my", f"my/{COURSE}", WORK, f"{WORK}/attempts/1", f"{WORK}/hand-in", f"my/{COURSE}/name", "my/credentials",
        f"my/credentials/{credential}", f"my/credentials/{credential}/claim", f"my/credentials/{credential}/wallet", "my/record", "my/data",
        "my/requests", "my/requests/new?kind=mistake", "my/requests/new?kind=review", "my/requests/new?kind=name", "my/requests/new?kind=erasure",
    )  # fmt: skip


def notebook(portal: RunningPortal, learner: str = "cora") -> bytes:
    """Return the released notebook, as the learner downloads it."""
    packed = portal.visitor(learner).get(f"{WORK}/download")
    assert packed.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        return archive.read("basics/basics.ipynb")


def test_after_signing_in_learners_see_their_courses_with_one_next_step(portal: RunningPortal) -> None:
    client = portal.visitor("ben")
    answer = client.get("my")
    assert f'href="/my/{COURSE}"' in answer.text
    assert answer.text.count("<strong>Next:</strong>") == 1
    assert "1 of 2 done; 8\u00a0% so far; you need 70\u00a0%." in answer.text
    assert "Read the feedback on “The basics”, then try again." in answer.text


def test_who_has_a_credential_is_led_to_it(portal: RunningPortal, credential: str) -> None:
    page = portal.visitor("ana").get("my").text
    assert f"/my/credentials/{credential}" in page
    course = portal.visitor("ana").get(f"my/{COURSE}").text
    assert f"/my/credentials/{credential}" in course
    assert "Check how your name will stand" not in course, "it is issued"


def test_who_is_in_no_course_is_told_what_to_do(portal: RunningPortal) -> None:
    for path, told in (
        ("my", "You are in no course yet"),
        ("my/credentials", "no credential yet"),
        ("my/requests", "asked for nothing yet"),
    ):
        assert told in portal.visitor("dina").get(path).text


def test_the_checklist_says_what_is_missing_and_why(portal: RunningPortal) -> None:
    page = portal.visitor("ben").get(f"my/{COURSE}").text
    assert "You have 20\u00a0%; 50\u00a0% is needed." in page  # LO1: 2 of 10 points
    assert "a part waits for your teacher" in page
    assert "waiting" in page
    assert 'role="img"' in page
    cora = portal.visitor("cora").get(f"my/{COURSE}").text
    assert cora.count("not yet</strong>") == 5  # both assignments, the overall score, both outcomes
    assert "Everything is met." in portal.visitor("ana").get(f"my/{COURSE}").text


def test_a_result_shows_points_receipt_and_history_and_no_test(portal: RunningPortal) -> None:
    page = portal.visitor("ben").get(WORK).text
    assert "0 / 8" in page
    assert re.search(r'class="mono">[0-9a-f]{64}<', page)
    assert "this one counts" in page
    assert "assert " not in page
    assert "Ask that a person looks at the result again" in page


def test_a_submitted_notebook_is_read_without_any_markup_of_its_own(portal: RunningPortal, site: Site) -> None:
    hostile = nbformat.v4.new_notebook()
    hostile.cells = [
        nbformat.v4.new_markdown_cell("# Hi\n<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png)"),
        nbformat.v4.new_code_cell(
            "print('</code><script>alert(2)</script>')",
            outputs=[
                nbformat.v4.new_output("display_data", {"text/html": "<script>alert(3)</script>", "text/plain": "\x1b[31mred\u202e"}),
                nbformat.v4.new_output("display_data", {"image/png": "PHNjcmlwdD4=", "image/svg+xml": "<svg onload=alert(4)>"}),
            ],
        ),
    ]
    client = portal.visitor("evil")
    sent = submit(client, f"{WORK}/hand-in", {}, files={"file": ("basics.ipynb", nbformat.writes(hostile).encode())})
    assert sent.status_code == 200
    collect_course(site, COURSE, ("basics",), now=NOW)
    page = client.get(f"{WORK}/attempts/2").text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert re.findall(r"<img[^>]*https?:", page) == []
    assert "onload" not in page
    assert "\u202e" not in page
    assert "red" in page
    kept = client.get(f"{WORK}/attempts/2/files/basics.ipynb")
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert kept.headers["Content-Type"] == "application/octet-stream"
    assert client.get(f"{WORK}/attempts/2/files/submission_secret.txt").status_code == 404
    assert client.get(f"{WORK}/attempts/2/files/..%2F..%2Fgrading.db").status_code == 404


def test_files_are_handed_in_as_nbgrader_does_and_collected_under_the_receipts_hash(portal: RunningPortal, site: Site) -> None:
    client, content = portal.visitor("cora"), notebook(portal)
    answer = submit(client, f"{WORK}/hand-in", {}, files={"file": ("basics (1).ipynb", content)})
    receipt = re.search(r'class="mono">([0-9a-f]{64})<', answer.text)
    assert receipt
    assert "arrived whole" in answer.text
    assert "Handed in (attempt 1), waits to be graded" in client.get(WORK).text
    assert receipt[1] in client.get(WORK).text
    [folder] = (site.exchange / COURSE / "inbound").glob("cora+basics+*")
    assert re.fullmatch(r"cora\+basics\+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC\+[\w-]{12}", folder.name)
    assert {path.name for path in folder.iterdir()} == {"basics.ipynb", "timestamp.txt", "submission_secret.txt"}
    assert collect_course(site, COURSE, ("basics",), now=NOW)["basics"].refused == ()
    state = state_of(site, COURSE, "cora", "basics")
    assert (state.stage, state.attempts[0].digest) == (Stage.QUEUED, receipt[1])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("basics.ipynb", b"no notebook", "is no notebook that can be read"),
        ("evil.py", b"import os", "is no file of this assignment"),
        ("x.zip", b"PK garbage", "is no zip that can be read"),
        ("<script>.ipynb", b"{}", "is no notebook that can be read"),
    ],
)
def test_what_does_not_belong_is_refused_in_words(portal: RunningPortal, site: Site, name: str, content: bytes, told: str) -> None:
    before = len(list((site.exchange / COURSE / "inbound").iterdir()))
    answer = submit(portal.visitor("ana"), f"{WORK}/hand-in", {}, files={"file": (name, content)})
    assert answer.status_code == 400
    assert told in answer.text
    assert "<script>." not in answer.text
    assert len(list((site.exchange / COURSE / "inbound").iterdir())) == before


def test_the_name_is_seen_on_a_preview_and_agreed_to_or_not(portal: RunningPortal, site: Site) -> None:
    client, page = portal.visitor("ben"), f"my/{COURSE}/name"
    assert "Ben Cruz" in client.get(page).text
    assert client.get(f"{page}/preview.png").content.startswith(b"\x89PNG")
    assert "will show no name" in submit(client, page, {"show": "no"}).text
    assert "will stand in the credential" in submit(client, page, {"show": "yes"}).text
    told = [(each.kind, each.given) for each in consents_of(site, "ben")]
    assert told == [("name", False), ("name", True)]
    assert all(each.text_version and each.language == "en" for each in consents_of(site, "ben"))
    taken_back = submit(client, "my/data", {"kind": "name", "course": COURSE, "credential": ""})
    assert "Taken back" in taken_back.text
    assert not consents_of(site, "ben")[-1].given


def test_a_credential_is_claimed_shared_and_taken_down(portal: RunningPortal, site: Site, credential: str) -> None:
    client, page = portal.visitor("ana"), f"my/credentials/{credential}"
    claim = client.get(f"{page}/claim").text
    assert "Ana Peña-Ñuñez" in claim
    assert sharing_of(site, credential) is None
    told = submit(client, f"{page}/claim", {"page": "link", "grade": "yes"})
    assert "Claimed." in told.text
    shared = sharing_of(site, credential)
    assert shared is not None and shared.choices.show_grade and not shared.choices.show_evidence
    assert f"https://badges.uni.example/c/{shared.token}" in told.text
    link = re.search(r'href="(https://www\.linkedin\.com/[^"]+)"', told.text)
    assert link
    assert parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)["certUrl"] == [f"https://badges.uni.example/c/{shared.token}"]
    gone = submit(client, "my/data", {"kind": "page", "course": COURSE, "credential": f"urn:uuid:{credential}"})
    assert gone.status_code == 200
    assert sharing_of(site, credential) is None
    assert "linkedin" not in client.get(page).text


def test_every_form_of_a_credential_is_downloaded(portal: RunningPortal, credential: str) -> None:
    client = portal.visitor("ana")
    begins = {"json": b"{", "png": b"\x89PNG", "pdf": b"%PDF", "pdf-fil": b"%PDF", "zip": b"PK"}
    for form, begin in begins.items():
        answer = client.get(f"my/credentials/{credential}/files/{form}")
        assert answer.content.startswith(begin), form
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(client.get(f"my/credentials/{credential}/files/json").content)["proof"]
    assert client.get(f"my/credentials/{credential}/files/exe").status_code == 404


def test_a_wallet_reads_the_credential_by_a_link_that_ends(portal: RunningPortal, credential: str) -> None:
    page = portal.visitor("ana").get(f"my/credentials/{credential}/wallet").text
    found = re.search(r"https://badges\.uni\.example/(wallet/[\w-]+)<", page)
    assert found
    wallet = portal.visitor()
    read = wallet.get(found[1])
    assert read.headers["Content-Type"] == "application/vc"
    assert json.loads(read.content)["id"] == f"urn:uuid:{credential}"
    exchanged = wallet.post(f"{found[1]}/exchange", json={})
    [held] = exchanged.json()["verifiablePresentation"]["verifiableCredential"]
    assert held["id"] == f"urn:uuid:{credential}"
    request = parse_qs(urlsplit(re.search(r'href="(https://lcw\.app/[^"]+)"', page)[1]).query)["request"][0]  # type: ignore[index]
    assert json.loads(request)["protocols"]["vcapi"] == f"https://badges.uni.example/{found[1]}/exchange"
    assert wallet.get("wallet/" + "A" * 40).status_code == 404
    assert wallet.get(found[1][:-4] + "AAAA").status_code == 404


def test_a_record_is_shown_by_a_link_until_it_is_taken_back(portal: RunningPortal) -> None:
    client = portal.visitor("ana")
    made = submit(client, "my/record", {"days": "7"}).text
    found = re.search(r"https://badges\.uni\.example/(record/[\w-]{43})", made)
    assert found
    guest = portal.visitor()
    shown = guest.get(found[1])
    assert "Record of Ana Peña-Ñuñez" in shown.text
    assert "<form" not in shown.text
    assert submit(portal.visitor("ben"), "my/record", {"end": found[1].removeprefix("record/")}).status_code == 404
    assert "shows nothing any more" in submit(client, "my/record", {"end": found[1].removeprefix("record/")}).text
    assert guest.get(found[1]).status_code == 404
    clr = submit(client, "my/record", {}, to="my/record/clr")
    assert "ClrCredential" in clr.json()["type"]


def test_my_data_is_one_zip_with_results_and_files_of_mine_alone(portal: RunningPortal) -> None:
    answer = portal.visitor("ana").get("my/data/download")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert f"{COURSE}/basics/1/basics.ipynb" in archive.namelist()
        assert json.loads(archive.read("ledger.json"))["credentials"][0]["learner"] == "ana"
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Ben Cruz" not in everything.replace(b'"approved_by": "Ben Cruz"', b"").replace(b'"actor": "Ben Cruz"', b"")
    with zipfile.ZipFile(io.BytesIO(portal.visitor("dina").get("my/data/download").content)) as archive:
        assert json.loads(archive.read("ledger.json")) == {"learner": "dina"}


def test_a_request_goes_to_the_office_and_stands_on_the_page(portal: RunningPortal, site: Site, credential: str) -> None:
    client = portal.visitor("ben")
    page = f"my/requests/new?kind=review&course={COURSE}&assignment=basics"
    fields = {"kind": "review", "course": COURSE, "assignment": "basics", "text": "Check 2 <b>please</b>"}
    assert "It is about: A tiny course" in client.get(page).text.replace("\n", " ")
    shown = submit(client, page, fields).text
    assert "&lt;b&gt;please" in shown
    assert "A tiny course" in shown
    assert requests_of(site, "ben")[-1].wish.assignment == "basics"
    assert "waits for an answer" in client.get(WORK).text
    assert submit(client, page, {**fields, "text": " "}).status_code == 400
    assert submit(client, page, {**fields, "credential": f"urn:uuid:{credential}"}).status_code == 404
    assert submit(client, page, {**fields, "course": "nosuch"}).status_code == 404


def test_nobody_sees_anything_of_anybody_else(portal: RunningPortal, credential: str) -> None:
    others = portal.visitor("ben")
    for path in ("", "/claim", "/wallet", "/files/json", "/files/zip"):
        assert others.get(f"my/credentials/{credential}{path}").status_code == 404, path
    assert submit(others, "my/record", {"page": "link"}, to=f"my/credentials/{credential}/claim").status_code == 404
    outsider = portal.visitor("dina")
    for path in ("", "/name", "/name/preview.png", "/basics", "/basics/download", "/basics/hand-in", "/basics/attempts/1"):
        assert outsider.get(f"my/{COURSE}{path}").status_code == 404, path
    assert outsider.get(f"{WORK}/attempts/1/files/basics.ipynb").status_code == 404
    assert submit(outsider, "my/record", {"show": "yes"}, to=f"my/{COURSE}/name").status_code == 404
    assert submit(outsider, "my/record", {}, to=f"{WORK}/hand-in", files={"file": ("basics.ipynb", b"{}")}).status_code == 404


def test_who_is_not_signed_in_is_sent_to_sign_in_and_changes_nothing(portal: RunningPortal, credential: str) -> None:
    guest = portal.visitor()
    for path in pages_of(credential):
        assert "Who are you today?" in guest.get(path).text, path
    for path in (f"my/{COURSE}/name", f"{WORK}/hand-in", f"my/credentials/{credential}/claim", "my/record", "my/record/clr", "my/data"):
        assert submit(guest, "sign-in", {"show": "yes"}, to=path).status_code == 403, path


@pytest.mark.parametrize(("learner", "language"), [("ana", "fil"), ("evil", "en"), ("cora", "fil")])
def test_every_page_is_shown_in_both_languages_to_learners_at_every_stage(
    portal: RunningPortal, credential: str, learner: str, language: str
) -> None:
    client = portal.visitor(learner, language=language)
    for path in pages_of(credential):
        is_there = (learner == "ana" or credential not in path) and (learner != "cora" or "/attempts/" not in path)
        answer = client.get(path)
        assert (answer.status_code == 200) is is_there or "/attempts/" in path, path
        assert answer.status_code in {200, 404}, path
        assert f'<html lang="{language}">' in answer.text
        assert "<script>alert" not in answer.text
        assert answer.text.count("<h1") == 1


def look(portal: RunningPortal, browser: Browser, learner: str, paths: Iterable[str], *, width: int, dark: bool) -> list[str]:
    """Return what keeps people out of the pages of a learner, and which are too wide."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page, found = context.new_page(), []
    page.goto(portal.address + "sign-in")
    page.check(f'input[value="{learner}"]')
    with page.expect_navigation():
        page.click("main button[type=submit]")
    for path in paths:
        page.goto(portal.address + path)
        found += [f"{path}: {each}" for each in barriers(page)] + ([f"{path} is too wide"] if overflow(page) else [])
    context.close()
    return found


def test_no_page_keeps_anybody_out_or_is_wider_than_a_telephone(portal: RunningPortal, credential: str, browser: Browser) -> None:
    assert look(portal, browser, "ana", pages_of(credential)[:12], width=360, dark=False) == []
    assert look(portal, browser, "evil", (WORK, f"my/{COURSE}/name"), width=360, dark=True) == []


@pytest.mark.thorough
def test_the_same_holds_in_the_dark_and_for_whoever_has_a_hostile_name(portal: RunningPortal, credential: str, browser: Browser) -> None:
    assert look(portal, browser, "ana", pages_of(credential), width=1200, dark=True) == []
    assert look(portal, browser, "evil", [each for each in pages_of(credential) if credential not in each], width=360, dark=False) == []


def test_the_records_of_a_course_are_read_and_not_changed(portal: RunningPortal, site: Site) -> None:
    with open_records(site.course_root(COURSE)) as session:
        before = session.connection().exec_driver_sql("SELECT count(*) FROM result").scalar()
    portal.visitor("ana").get(f"my/{COURSE}")
    with open_records(site.course_root(COURSE)) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM result").scalar() == before
