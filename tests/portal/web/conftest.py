"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.portal.web.browser import running_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file: while it is there Playwright keeps an event loop running, which other files' tests cannot use."""
    with running_browser() as running:
        yield running
