"""Teachers' pages in a real browser: nothing keeps people out, nothing is wider than a telephone, light and dark."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest
from playwright.sync_api import Browser

from portal.background_work import find_work, start_work
from portal.web.faculty.similarity import work_kind
from tests.portal.web.browser import barriers, chromium, overflow
from tests.portal.web.faculty.people import LEARNERS, PEOPLE, taught_site
from tests.portal.web.faculty.test_results import ALIKE
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, Someone

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]
TEACH = f"teach/{COURSE}"
PAGES = (
    "teach", TEACH, f"{TEACH}/learners", f"{TEACH}/learners/ben", f"{TEACH}/grading", f"{TEACH}/items", f"{TEACH}/items/basics/test_sum",
    f"{TEACH}/similarity?assignment=basics", f"{TEACH}/similarity/basics/1", f"{TEACH}/regrade", f"{TEACH}/release",
)  # fmt: skip
LONG = Someone("w" * 60, "W" * 120)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("site")
    site = taught_site(folder / "s", folder, (*LEARNERS, LONG))
    root, kind = site.course_root(COURSE), work_kind("basics")
    start_work(
        root, kind, ["-c", f"print({json.dumps(ALIKE)!r})"], by="faculty", now=datetime.now(UTC), about={"digest": "", "common": "10"}
    )
    with running_portal(site, people=PEOPLE) as running:
        while find_work(root, kind).is_running:
            time.sleep(0.05)
        yield running


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.thorough), "dark"])
def test_no_page_has_a_barrier_or_is_wider_than_a_telephone(
    portal: RunningPortal, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme, locale="en")
    try:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{portal.address}sign-in")
        token = page.locator("input[name=_xsrf]").first.input_value()
        context.request.post(f"{portal.address}sign-in", form={"name": "faculty", "_xsrf": token})
        for path in PAGES:
            page.goto(portal.address + path)
            assert page.locator("h1").count() == 1, path
            assert (path, barriers(page), overflow(page)) == (path, [], 0)
    finally:
        context.close()
