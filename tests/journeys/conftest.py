"""A hub that is tried out, with a released course, and a browser: one of each for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.running_hub import RunningHub, running_hub
from tests.portal.web.browser import running_browser
from tests.small_site import released_site


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    site = released_site(tmp_path_factory.mktemp("hub") / "site", tmp_path_factory.getbasetemp())
    with running_hub(site.root, "--try-out") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running
