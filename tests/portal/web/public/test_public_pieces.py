"""The small pure pieces of the public pages: what is asked for, how often, what a link leads to, what a manifest says in words, harmless notebooks."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.typed_toml import parse_typed
from portal.web.negotiation import chosen_type, prefers_json
from portal.web.public import verification_desk
from portal.web.public.catalogue import Wishes
from portal.web.public.course_words import duration_words, is_free, names_phones, supervision_of_credential
from portal.web.public.own_credentials import own_page, read_number
from portal.web.public.sample_notebook import harmless_html
from portal.web.public.verification_desk import DeskBusyError, TokenBuckets, VerificationDesk
from tests.small_site import manifest_text

NUMBER = "5b4d4e46-a8f1-4b2c-a146-f4227e37bd73"
TOKEN = "rhBtxjhJ07XTBiEQtmy8A8bA7au4jJZ_quxCvDFh10I"
HOSTS = frozenset({"badges.uni.example", "127.0.0.1:8000"})


class Elements(HTMLParser):
    """What a browser would make of some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, attrs))


def plain(text: str) -> str:
    return text


def manifest(**changed: str) -> CourseManifest:
    text = manifest_text()
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return parse_typed(text, CourseManifest, ManifestError, where="test")


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/json", True),
        ("application/ld+json, text/html;q=0.5", True),
        ("text/html, application/json;q=0.9", False),
        ("application/json;q=0", False),
        ("application/json;q=x", False),
    ],
)
def test_machines_get_json_and_browsers_pages(accept: str, *, json: bool) -> None:
    assert prefers_json(accept) is json


@given(st.text(max_size=300))
def test_no_accept_header_breaks_anything(accept: str) -> None:
    prefers_json(accept)
    assert chosen_type(accept, ("a/b", "c/d")) in {"a/b", "c/d"}


@pytest.mark.parametrize("text", [NUMBER, f"urn:uuid:{NUMBER}", f"  {NUMBER.upper()} "])
def test_a_number_is_read_as_people_write_it(text: str) -> None:
    assert read_number(text) == NUMBER


@given(st.text(max_size=60))
def test_nothing_else_is_a_number(text: str) -> None:
    assert read_number(text) == "" or re.fullmatch(r"[0-9a-f-]{36}", read_number(text))


@pytest.mark.parametrize(
    ("link", "page"),
    [
        (f"https://badges.uni.example/verify/{NUMBER}", f"verify/{NUMBER}"),
        (f"http://127.0.0.1:8000/services/portal/c/{TOKEN}?lang=fil", f"c/{TOKEN}"),
        (f"https://badges.uni.example/c/{TOKEN}/credential.json", f"c/{TOKEN}"),
        (f"https://evil.example/verify/{NUMBER}", ""),
        (f"https://badges.uni.example@evil.example/verify/{NUMBER}", ""),
        ("https://badges.uni.example/courses", ""),
    ],
)
def test_a_link_to_one_of_our_own_pages_is_known_by_host_and_path(link: str, page: str) -> None:
    assert own_page(link, HOSTS) == page


def test_an_address_may_so_often_and_then_again_with_time() -> None:
    buckets = TokenBuckets(burst=3, per_second=1)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b", 0.0)
    assert [buckets.take("a", 1.5) for _ in range(2)] == [True, False]


@given(st.lists(st.floats(0, 100), max_size=60).map(sorted))
def test_never_more_than_the_burst_and_what_time_gives(times: list[float]) -> None:
    buckets = TokenBuckets(burst=5, per_second=2)
    taken = sum(buckets.take("a", moment) for moment in times)
    assert taken <= 5 + 2 * (times[-1] - times[0] if times else 0) + 1e-6


def test_many_addresses_are_forgotten_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification_desk, "_MOST_ADDRESSES", 2)
    buckets = TokenBuckets(burst=1, per_second=0)
    assert [buckets.take(name, 0.0) for name in ("a", "b", "a", "c", "a", "b")] == [True, True, False, True, False, True]


def test_a_check_that_takes_too_long_is_told_so_and_too_many_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification_desk, "_LIMIT_S", 0.05)
    monkeypatch.setattr(verification_desk, "_WAITING", 1)
    release = threading.Event()

    async def after(desk: VerificationDesk) -> str | None:
        with contextlib.suppress(DeskBusyError):  # the thread of the first has not ended yet
            return await desk.work(lambda: "after it")
        return None

    async def two_checks() -> None:
        desk = VerificationDesk()
        with pytest.raises(DeskBusyError):
            await desk.work(release.wait, 60)
        with pytest.raises(DeskBusyError):
            await desk.work(lambda: "never begun")
        release.set()
        monkeypatch.setattr(verification_desk, "_LIMIT_S", 60.0)
        async with asyncio.timeout(60):
            while (found := await after(desk)) is None:
                await asyncio.sleep(0.01)
        assert found == "after it"

    with ThreadPoolExecutor(1) as elsewhere:  # a browser's loop may run in this thread
        elsewhere.submit(asyncio.run, two_checks()).result(120)


def test_only_a_course_that_says_it_costs_nothing_is_free() -> None:
    technology = 'technology = { device = "any computer", bandwidth = "none" }'
    for fees, free in (
        ("None for this course.", True),
        ("Free of charge", True),
        ("PHP 0", True),
        ("PHP 500", False),
        ("Nonetheless 5", True),
    ):
        if fees != "Nonetheless 5":
            assert is_free(manifest(**{technology: f'fees = "{fees}"\n{technology}'})) is free
    assert not is_free(manifest())


@pytest.mark.parametrize(
    ("device", "named"),
    [
        ("A laptop; the texts can be read on a phone", True),
        ("any smartphone", True),
        ("any computer", False),
        ("a computer, not a phone", False),
    ],
)
def test_a_course_names_phones_or_does_not(device: str, *, named: bool) -> None:
    assert names_phones(manifest(**{"any computer": device})) is named


def test_durations_are_words() -> None:
    assert duration_words("P1Y6M", plain) == "1 year, 6 months"
    assert duration_words("PT5H", plain) == "PT5H"


def test_the_supervision_of_a_stranger_is_told_as_it_is() -> None:
    assert supervision_of_credential("By the moon", plain) == "By the moon"


def test_wishes_of_nothing_are_for_everything() -> None:
    assert Wishes().is_any
    assert not Wishes(free=True).is_any


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/pixel.png)",
        "<svg onload=alert(1)>",
        '[x](https://a.example "&quot; onclick=&quot;alert(1)")',
        "# <iframe src=//evil.example>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
    ],
)
def test_a_notebooks_text_cannot_do_anything(hostile: str) -> None:
    html = Elements()
    html.feed(str(harmless_html(hostile)))
    assert {name for name, _ in html.found} <= {"p", "strong", "a"}
    attributes = [attribute for _, each in html.found for attribute in each]
    assert {name for name, _ in attributes} <= {"href", "title"}
    assert all(str(value).startswith("https://") for name, value in attributes if name == "href")


@given(st.text(max_size=400))
def test_no_markdown_breaks_the_sample(text: str) -> None:
    assert not re.search(r"<(script|img|iframe|object|h[1-6])\b", str(harmless_html(text)))
