"""The registrar's way from results to credentials and after, through pages alone; and what each page shows."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from courses.settings import load_site
from portal.batch_review import batches_of
from portal.governing import decide
from portal.issuing_jobs import is_issuing
from portal.registering import decisions, register_of
from portal.requests import Wish, ask, requests_of
from tests.portal.web.browser import barriers, overflow
from tests.portal.web.office_site import HOSTILE, OFFICE, issued_site, office_site
from tests.portal.web.running import RunningPortal, running_portal, submit
from tests.small_site import COURSE, NOW

pytestmark = pytest.mark.slow
CHECK = f"office/courses/{COURSE}/check"


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A site where nothing was prepared yet."""
    folder = tmp_path_factory.mktemp("site")
    with running_portal(office_site(folder / "s", tmp_path_factory.getbasetemp()), people=OFFICE) as running:
        yield running


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A site with one batch issued, which tests only look at."""
    folder = tmp_path_factory.mktemp("site")
    with running_portal(issued_site(folder / "s", tmp_path_factory.getbasetemp()), people=OFFICE) as running:
        yield running


@pytest.fixture
def acted_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """The same, for tests that change it."""
    folder = tmp_path_factory.mktemp("site")
    with running_portal(issued_site(folder / "s", tmp_path_factory.getbasetemp()), people=OFFICE) as running:
        yield running


def _prepared(clerk: httpx.Client) -> str:
    answer = submit(clerk, CHECK, {})
    assert answer.status_code == 200, answer.text
    return answer.url.path


def _numbers(portal: RunningPortal) -> dict[str, str]:
    lines = register_of(portal.portal.site, course=None, state=None, expiring_days=None, now=NOW)
    return {each.learner: each.credential.removeprefix("urn:uuid:") for each in lines}


def test_a_batch_goes_from_dry_run_to_register_in_the_names_of_two_people(fresh: RunningPortal) -> None:
    clerk, approver, site = fresh.visitor("clerk"), fresh.visitor("registrar"), fresh.portal.site
    dry = clerk.get(CHECK).text
    assert "Nothing was written" in dry
    assert "Prepare a batch of 2" in dry
    assert batches_of(site) == ()
    batch = _prepared(clerk)
    assert "You prepared this batch, so you cannot approve it." in clerk.get(batch).text
    page = approver.get(batch).text
    assert "Approve 2 awards" in page
    assert "Graded without sealed tests" in page
    assert approver.post(batch + "/approve", data={"_xsrf": approver.cookies["_xsrf"]}).status_code == 400, "unlooked at"
    assert "The batch is approved" in submit(approver, batch, {"looked": "yes"}, to=batch + "/approve").text
    assert "Issue 2 credentials" in clerk.get(batch).text
    submit(clerk, batch, {}, to=batch + "/issue")
    deadline = time.monotonic() + 120
    while is_issuing(site, batches_of(site)[0].id) and time.monotonic() < deadline:
        time.sleep(0.5)
    done = clerk.get(batch).text
    assert "2 of 2 credentials are signed" in done
    assert "All credentials are issued" in done
    [facts] = batches_of(site)
    assert (facts.prepared_by, facts.approved_by, facts.state) == ("clerk", "registrar", "issued")
    assert "Ana Reyes" in clerk.get("office/register").text


def test_whoever_has_both_offices_does_not_approve_what_they_prepared(fresh: RunningPortal) -> None:
    both = fresh.visitor("both")
    batch = _prepared(both)
    assert "Approve 2 awards" not in both.get(batch).text
    answer = submit(both, batch, {"looked": "yes"}, to=batch + "/approve")
    assert answer.status_code == 400
    assert "prepared this batch and cannot approve it too" in answer.text
    assert batches_of(fresh.portal.site)[0].state == "prepared"


def test_the_acting_person_is_the_visitor_whatever_the_form_says(fresh: RunningPortal) -> None:
    clerk = fresh.visitor("clerk")
    answer = submit(clerk, CHECK, {"by": "registrar", "name": "registrar"})
    assert answer.status_code == 200
    assert batches_of(fresh.portal.site)[0].prepared_by == "clerk"


def test_a_returned_batch_shows_the_note_and_the_way_to_a_new_one(fresh: RunningPortal) -> None:
    clerk, approver = fresh.visitor("clerk"), fresh.visitor("registrar")
    batch = _prepared(clerk)
    answer = submit(approver, batch, {"note": "Ben is missing <i>"}, to=batch + "/return")
    assert "The batch is returned" in answer.text
    page = clerk.get(batch).text
    assert "Ben is missing &lt;i&gt;" in page
    assert "Prepare a new one" in page


def test_a_batch_that_is_not_approved_is_not_issued(fresh: RunningPortal) -> None:
    clerk = fresh.visitor("clerk")
    batch = _prepared(clerk)
    answer = submit(clerk, batch, {}, to=batch + "/issue")
    assert answer.status_code == 400
    assert "not approved" in answer.text
    assert not is_issuing(fresh.portal.site, batches_of(fresh.portal.site)[0].id)


def test_a_sample_certificate_is_marked_and_nothing_is_issued_by_looking(fresh: RunningPortal) -> None:
    from pypdf import PdfReader

    clerk = fresh.visitor("clerk")
    batch = _prepared(clerk)
    answer = clerk.get(batch + "/sample?learner=ana")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "SAMPLE, NOT ISSUED" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert register_of(fresh.portal.site, course=None, state=None, expiring_days=None, now=NOW) == []
    assert clerk.get(batch + "/sample?learner=ben").status_code == 400, "who is not in it"


def test_the_table_of_learners_filters_searches_sorts_and_gives_reasons(fresh: RunningPortal) -> None:
    clerk, page = fresh.visitor("clerk"), f"office/courses/{COURSE}"
    everybody = clerk.get(page).text
    assert "waits for your teacher" in everybody
    assert "70\u00a0% is needed" in everybody
    blocked = clerk.get(page + "?kind=blocked").text
    assert "Ben Cruz" in blocked
    assert "Ana Reyes" not in blocked
    assert "Carla Santos" in clerk.get(page + "?q=SANTOS+carla").text
    assert "Nothing fits" in clerk.get(page + "?q=nobodyatall").text
    learners = re.findall(r'<th scope="row" class="name">(\w+)', clerk.get(page + "?sort=-learner").text)
    assert learners == sorted(learners, reverse=True)
    assert clerk.get(page + "?page=999999999&sort=__class__&kind=%00").status_code == 200


def test_files_hold_what_is_filtered_and_no_formulas(fresh: RunningPortal) -> None:
    clerk, page = fresh.visitor("clerk"), f"office/courses/{COURSE}"
    text = clerk.get(page + "/eligibility.csv?kind=blocked").content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["learner", "ben"]
    assert zipfile.is_zipfile(io.BytesIO(clerk.get(page + "/eligibility.xlsx").content))


def test_the_register_is_searched_by_name_id_and_number(issued: RunningPortal) -> None:
    clerk, numbers = issued.visitor("clerk"), _numbers(issued)
    for search in ("reyes", "ana", numbers["ana"], f"urn:uuid:{numbers['ana']}"):
        page = clerk.get("office/register", params={"q": search}).text
        assert numbers["ana"] in page
        assert numbers["emil"] not in page
    assert numbers["ana"] not in clerk.get("office/register?kind=revoked").text
    assert "name,credential" in clerk.get("office/register.csv").content.decode("utf-8-sig")


def test_a_name_that_is_not_typed_withdraws_nothing(acted_on: RunningPortal) -> None:
    clerk, number = acted_on.visitor("clerk"), _numbers(acted_on)["ana"]
    page, fields = f"office/register/{number}", {"how": "revoke", "code": "error", "note": "wrong person"}
    mistyped = submit(clerk, page, {**fields, "typed": "Ana Reye"}, to=page + "/withdraw").text
    assert "Nothing was done" in mistyped
    for kept in ('value="revoke" checked', 'value="error" selected', ">wrong person</textarea>"):
        assert kept in mistyped
    assert acted_on.visitor("clerk").get("office/register?kind=revoked").text.count(number) == 0
    done = submit(clerk, page, {**fields, "typed": "ana reyes"}, to=page + "/withdraw").text
    assert "Done." in done
    assert "It was issued by mistake." in done
    assert "credential revoked" in done, "its history says so"


def test_a_suspension_ends_with_a_reason(acted_on: RunningPortal) -> None:
    clerk, number = acted_on.visitor("clerk"), _numbers(acted_on)["ana"]
    page = f"office/register/{number}"
    submit(clerk, page, {"how": "suspend", "code": "inquiry", "note": "case 7", "typed": "Ana Reyes"}, to=page + "/withdraw")
    assert "suspended" in clerk.get(page).text
    assert submit(clerk, page, {"note": " "}, to=page + "/reinstate").status_code == 400
    assert "It is valid again." in submit(clerk, page, {"note": "case closed"}, to=page + "/reinstate").text


def test_withdrawing_more_than_one_person_may_waits_for_a_second(acted_on: RunningPortal) -> None:
    site = acted_on.portal.site
    settings = (site.root / "patunay.toml").read_text(encoding="utf-8")
    (site.root / "patunay.toml").write_text(settings.replace("[approval]", "[approval]\nwithdraw_alone = 1"), encoding="utf-8")
    with running_portal(load_site(site.root), people=OFFICE) as running:
        clerk, numbers = running.visitor("clerk"), _numbers(running)
        fields = {"numbers": "\n".join(numbers.values()), "how": "revoke", "code": "integrity", "note": "copied"}
        looked = submit(clerk, "office/register", {**fields, "step": "look"}, to="office/register/many").text
        assert "2 would be revoked for good" in looked
        assert "a second person decides" in looked
        assert (
            "Nothing was done" in submit(clerk, "office/register", {**fields, "step": "do", "typed": "3"}, to="office/register/many").text
        )
        assert "withdrawal" not in {row[1] for row in decisions(site, everything=False)}
        waits = submit(clerk, "office/register", {**fields, "step": "do", "typed": "2"}, to="office/register/many")
        assert waits.url.path.endswith("/office/decisions")
        assert "2 credentials are to be revoked for good" in waits.text
        assert "You asked for this" in running.visitor("clerk").get("office/decisions").text
        approver = running.visitor("registrar")
        decision = next(row[0] for row in decisions(site, everything=False) if row[1] == "withdrawal")
        granted = submit(approver, "office/decisions", {"answer": "grant", "note": "seen"}, to=f"office/decisions/{decision}")
        assert "It is granted and done." in granted.text
        assert all(number in clerk.get("office/register?kind=revoked").text for number in numbers.values())
        twice = submit(
            approver, f"office/requests/{requests_of(site)[0].id}", {"answer": "grant", "note": "x"}, to=f"office/decisions/{decision}"
        )
        assert twice.status_code == 400
        assert "granted by registrar already" in twice.text


def test_a_granted_name_change_waits_for_another_person_and_then_replaces_the_credential(acted_on: RunningPortal) -> None:
    site, number = acted_on.portal.site, _numbers(acted_on)["ana"]
    request = ask(site, "ana", Wish("name change", "Two names.", COURSE, credential=f"urn:uuid:{number}", name="Ana María Reyes"), now=NOW)
    clerk, page = acted_on.visitor("clerk"), f"office/requests/{request.id}"
    answered = submit(clerk, page, {"answer": "done", "text": "Yes, of course."}).text
    assert "The correction waits for another person" in answered
    assert {each.id: each.answer for each in requests_of(site, "ana")}[request.id] == "Yes, of course."
    waiting = next(row for row in decisions(site, everything=False) if row[1] == "correction")
    shown = acted_on.visitor("registrar").get("office/decisions").text
    assert "Ana María Reyes" in shown
    decide(site, waiting[0], granted=True, reason="seen", by="registrar", now=NOW)
    assert "replaced" in clerk.get(f"office/register/{number}").text
    again = clerk.post(page, data={"_xsrf": clerk.cookies["_xsrf"], "answer": "done", "text": "again"})
    assert again.status_code == 400


def test_an_erasure_erases_only_what_was_ticked(acted_on: RunningPortal) -> None:
    site, numbers = acted_on.portal.site, _numbers(acted_on)
    wish = Wish("erasure", "Please.", COURSE, credential=f"urn:uuid:{numbers['ana']}")
    request = ask(site, "ana", wish, now=NOW)
    clerk, page = acted_on.visitor("clerk"), f"office/requests/{request.id}"
    assert "is erased" in submit(clerk, page, {"answer": "done", "text": "Done.", "erase": "yes"}).text
    assert "was erased at the holder" in clerk.get(f"office/register/{numbers['ana']}").text
    assert clerk.get(f"office/register/{numbers['ana']}/file.json").status_code == 404
    assert "was erased" not in clerk.get(f"office/register/{numbers['emil']}").text
    told = acted_on.visitor("ana").get("my").text
    assert f"/my/credentials/{numbers['ana']}" in told
    assert "See what became of your credential." in told, "and not that another one is issued next"
    assert '<span lang="en">A tiny course</span>' in acted_on.visitor("ana").get("my/credentials").text, "by its title still"


def test_details_of_the_log_that_are_empty_are_not_told(acted_on: RunningPortal) -> None:
    ask(acted_on.portal.site, "ana", Wish("mistake", "Look at it.", COURSE), now=NOW)
    lines = acted_on.visitor("clerk").get("office/audit").text
    assert "kind: mistake" in lines
    assert "credential: ;" not in lines


def test_the_audit_log_is_filtered_and_its_chain_verified(issued: RunningPortal) -> None:
    clerk = issued.visitor("clerk")
    assert "The chain holds." in clerk.get("office/audit?verify=1").text
    only = clerk.get("office/audit?kind=batch+approved").text
    assert only.count('<th scope="row"') == 1
    assert "Nothing fits" in clerk.get("office/audit?q=nosuchtext").text


def test_a_changed_line_of_the_log_is_found_by_the_button(acted_on: RunningPortal) -> None:
    from sqlalchemy import update

    from issuer.ledger import AuditEntry, open_ledger

    with open_ledger(acted_on.portal.site.ledger_url) as session:
        session.execute(update(AuditEntry).where(AuditEntry.sequence == 2).values(actor="nobody"))
        session.commit()
    assert "The log is not what was written." in acted_on.visitor("clerk").get("office/audit?verify=1").text


def test_one_person_with_two_offices_is_flagged(issued: RunningPortal) -> None:
    assert "May prepare and approve; never the same batch" in issued.visitor("administrator").get("office/people").text


def test_the_overview_leads_to_what_waits_and_says_when_nothing_does(issued: RunningPortal, fresh: RunningPortal) -> None:
    clerk, deadline = issued.visitor("clerk"), time.monotonic() + 120
    while "is being counted" in (waits := clerk.get("office").text) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert 'href="/office/requests"' in waits
    assert f'href="/office/courses/{COURSE}?kind=blocked"' in waits
    assert "Nothing waits for you." in fresh.visitor("quality").get("office").text


PAGES = {
    "clerk": (
        "office", f"office/courses/{COURSE}", CHECK, "office/batches", "BATCH", "office/register", "CREDENTIAL", "office/decisions",
        "office/requests", "REQUEST", "office/audit?verify=1", "office/keys", "office/exports",
    ),
    "quality": ("office/quality",),
    "administrator": ("office/people", "office/health"),
}  # fmt: skip


def _addresses(portal: RunningPortal, person: str) -> list[str]:
    site = portal.portal.site
    named = {
        "BATCH": f"office/batches/{batches_of(site)[0].id}",
        "CREDENTIAL": f"office/register/{_numbers(portal)['emil']}",
        "REQUEST": f"office/requests/{requests_of(site)[0].id}",
    }
    return [named.get(path, path) for path in PAGES[person]]


def test_one_courses_broken_sources_hide_nothing_of_the_office(acted_on: RunningPortal) -> None:
    source = acted_on.portal.site.courses / COURSE / "course.toml"
    source.write_text(source.read_text(encoding="utf-8").replace("weight = 40", "weight = 41"), encoding="utf-8")
    for path in ("office", "office/quality"):
        answer = acted_on.visitor("quality").get(path)
        assert answer.status_code == 200
        assert f"The sources of {COURSE} cannot be read now" in answer.text


@pytest.mark.parametrize("language", ["en", "fil"])
@pytest.mark.parametrize("person", PAGES)
def test_pages_render_in_both_languages_and_hostile_names_stay_text(issued: RunningPortal, person: str, language: str) -> None:
    client = issued.visitor(person, language=language)
    for path in _addresses(issued, person):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Language"] == language
        assert "<script>alert" not in answer.text, path
        assert answer.text.count("<h1>") == 1, path
        assert len(answer.content) < 300_000
    if person == "clerk":
        assert HOSTILE[:8].replace("<", "&lt;") in client.get("office/register").text.replace("&gt;", ">")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), pytest.param(1200, "light", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("person", PAGES)
def test_pages_keep_nobody_out_and_fit_a_telephone(issued: RunningPortal, browser: Browser, person: str, width: int, scheme: str) -> None:
    client = issued.visitor(person)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    cookies = [{"name": each.name, "value": each.value or "", "url": issued.address} for each in client.cookies.jar]
    context.add_cookies(cookies)  # type: ignore[arg-type]  # of the form it wants
    page = context.new_page()
    for path in _addresses(issued, person):
        page.goto(issued.address + path)
        assert page.title(), path
        assert barriers(page) == [], path
        assert overflow(page) == 0, path
    context.close()
