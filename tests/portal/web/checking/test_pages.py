"""What visitors see of it: pictures of QR codes, files that are given up, processes that are killed; all in words."""

from __future__ import annotations

import contextlib
import io
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser

from portal.exporting import export_credential
from portal.sharing import PageChoices, share
from portal.web.checking.checkers import CheckLimits
from portal.web.public.certificate_picture import draw_own_certificate
from tests.portal.web.browser import barriers, overflow
from tests.portal.web.checking.pictures import as_bytes, labyrinth_png, lying_png, qr_picture
from tests.portal.web.public.conftest import IssuedPortal, issued_site
from tests.portal.web.running import running_portal, submit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    """A portal whose processes have little memory, and more of the processor than in earnest: one that reads has to be seen while it does."""
    site, numbers = issued_site(tmp_path_factory.mktemp("checking") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site, check_limits=CheckLimits(time_s=40, cpu_s=30, memory_bytes=160 * 2**20)) as running:
        yield IssuedPortal(running, site, numbers)


@pytest.fixture(scope="module")
def certificate(portal: IssuedPortal) -> Image.Image:
    """A certificate as it looks on a screen."""
    picture = draw_own_certificate(portal.site, portal.numbers["ana"], datetime.now(UTC), "en")
    assert picture is not None
    return Image.open(io.BytesIO(picture)).convert("RGB")


def given(client: httpx.Client, data: bytes, name: str = "photo.jpg") -> httpx.Response:
    """Send a file with the form, and follow nothing: httpx keeps the form's content type where a browser drops it."""
    client.follow_redirects = False
    return submit(client, "verify", {"text": ""}, files={"file": (name, data)})


def photographed(certificate: Image.Image, degrees: float, scale: float) -> Image.Image:
    """Return a certificate as it lies on a table."""
    table = Image.new("RGB", (3000, 2400), (96, 82, 60))
    paper = certificate.resize((round(certificate.width * scale), round(certificate.height * scale)), Image.Resampling.BICUBIC)
    turned = paper.convert("RGBA").rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    table.paste(turned, (250, 200), turned)
    return table


@pytest.mark.parametrize(
    ("degrees", "scale", "form", "quality"),
    [(0, 1, "PNG", 0), (0, 1, "JPEG", 60), (4, 1.5, "JPEG", 50), (90, 1.2, "WEBP", 40), (197, 1.6, "JPEG", 50)],
)
def test_a_picture_of_a_certificate_leads_to_the_check_of_its_credential(
    portal: IssuedPortal, certificate: Image.Image, degrees: float, scale: float, form: str, quality: int
) -> None:
    photo = as_bytes(photographed(certificate, degrees, scale), form, **({"quality": quality} if quality else {}))
    client = portal.running.visitor()
    answer = given(client, photo)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/verify/{portal.numbers['ana']}"
    assert '<p class="word"><strong>Valid' in client.get(answer.headers["Location"]).text


def test_the_code_of_a_page_that_is_shared_leads_there(portal: IssuedPortal) -> None:
    token = share(portal.site, portal.numbers["ben"], PageChoices(show_grade=True), datetime.now(UTC))
    link = portal.site.published("c", token)
    assert given(portal.running.visitor(), as_bytes(qr_picture(link))).headers["Location"] == f"/c/{token}"


def test_a_badge_is_checked_as_a_badge_whatever_code_is_in_its_picture(portal: IssuedPortal) -> None:
    badge = export_credential(portal.site, portal.numbers["ana"], "png").content
    answer = given(portal.running.visitor(), badge, "badge.png")
    assert answer.status_code == 200
    assert '<p class="word"><strong>Valid' in answer.text


def test_the_code_of_another_site_is_told_and_not_followed(portal: IssuedPortal) -> None:
    link = "https://elsewhere.example/verify/0b5c7d1e-5a0f-4d3a-9d53-1f6f3a4b5c6d?a=<script>&b='\""
    page = given(portal.running.visitor(), as_bytes(qr_picture(link))).text
    assert "This QR code leads to another site" in page
    assert "It leads to elsewhere.example, and not to this site." in page
    assert re.search(
        r'<a href="https://elsewhere\.example/verify/[^"]*" rel="noopener noreferrer nofollow">Go to elsewhere\.example</a>', page
    )
    assert "<script>" not in page.partition("</head>")[2].replace("</script>", "")
    told = portal.running.visitor().post(
        "verify", files={"file": ("x.png", as_bytes(qr_picture(link)))}, headers={"Accept": "application/json"}
    )
    assert (told.status_code, told.json()["codes"]) == (400, [link])


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://badges.uni.example@elsewhere.example/verify/1",
        "https://elsewhere.example\\@badges.uni.example/",
        "WIFI:T:WPA;S:x;P:y;;",
        "https://elsewhere.example/\u202egnp.exe",
        "<script>alert(1)</script>",
        "a" * 2_300,
    ],
)
def test_what_is_no_plain_link_is_shown_as_text_alone(portal: IssuedPortal, text: str) -> None:
    page = given(portal.running.visitor(), as_bytes(qr_picture(text, scale=4))).text
    assert "This QR code leads to no check" in page
    assert 'rel="noopener' not in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_number_of_nobody_is_told_where_the_code_leads(portal: IssuedPortal) -> None:
    link = portal.site.published("verify", "00000000-0000-4000-8000-000000000000")
    client = portal.running.visitor()
    answer = client.get(given(client, as_bytes(qr_picture(link))).headers["Location"])
    assert answer.status_code == 404
    assert "No credential with this number was issued here." in answer.text


def test_a_photo_without_a_code_says_what_helps(portal: IssuedPortal) -> None:
    answer = given(portal.running.visitor(), as_bytes(Image.new("RGB", (640, 480), "navy"), "JPEG"))
    assert answer.status_code == 400
    assert "only a QR code is read: it has to be whole and sharp" in answer.text


def test_a_bomb_is_given_up_in_words_and_the_next_visitor_is_served(portal: IssuedPortal) -> None:
    answer = given(portal.running.visitor(), lying_png(30_000, 30_000))
    assert answer.status_code == 400
    assert "more memory or time than any credential needs" in answer.text
    eats = as_bytes(Image.new("RGBA", (7_500, 7_500), (0, 0, 0, 0)))
    answer = given(portal.running.visitor(), eats)
    assert answer.status_code == 400
    assert "more memory or time than any credential needs" in answer.text
    assert '<p class="word"><strong>Valid' in given(portal.running.visitor(), portal.file("ana", "json").read_bytes()).text


def reading() -> psutil.Process:
    """Return the process that reads a file now."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for each in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = each.parent()
                if (
                    parent
                    and "portal.web.checking.zygote" in parent.cmdline()
                    and each.cpu_times().user > 0.5
                    and each.status() != psutil.STATUS_ZOMBIE
                ):
                    return each
        time.sleep(0.002)
    raise AssertionError("no process reads")


@pytest.mark.parametrize(
    ("blow", "told"),
    [
        ("kill", "The check broke off. That says nothing"),
        pytest.param("suspend", "The check took too long, so it was ended.", marks=pytest.mark.thorough),
    ],
)
def test_a_process_that_is_killed_or_hangs_is_told_in_words_and_the_next_check_works(portal: IssuedPortal, blow: str, told: str) -> None:
    answers: list[httpx.Response] = []
    sender = threading.Thread(target=lambda: answers.append(given(portal.running.visitor(), labyrinth_png())))
    sender.start()
    getattr(reading(), blow)()
    sender.join(120)
    assert answers[0].status_code == 503
    assert told in answers[0].text
    assert "Something broke on our side" not in answers[0].text
    assert '<p class="word"><strong>Valid' in given(portal.running.visitor(), portal.file("ana", "pdf").read_bytes()).text


def test_programs_are_told_the_same_in_json(portal: IssuedPortal) -> None:
    client = portal.running.visitor()
    deep = b'{"verifiableCredential": "' + b"eyJ" + b"A" * 200_000 + b'"}'
    answer = client.post("credentials/verify", content=deep, headers={"Content-Type": "application/json"})
    assert answer.status_code in {200, 400}
    broken = client.post("verify", content=b"{", headers={"Content-Type": "application/json", "Accept": "application/json"})
    assert (broken.status_code, set(broken.json())) == (400, {"problem", "remedy"})


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [pytest.param("light", "en-GB", 1200, marks=pytest.mark.thorough), ("dark", "fil-PH", 320)]
)
def test_the_page_of_a_code_keeps_nobody_out(browser: Browser, portal: IssuedPortal, scheme: str, language: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, locale=language, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{portal.running.address}verify")
    link = "https://elsewhere.example/" + "x" * 200
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": as_bytes(qr_picture(link))})
    with page.expect_navigation(timeout=120_000):
        page.click("button[type=submit]")
    page.wait_for_selector("bdi")
    assert barriers(page) == []
    assert overflow(page) <= 0
    assert page.locator("h1").count() == 1
    context.close()
