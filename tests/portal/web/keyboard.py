"""Somebody without a mouse: Tab, Enter, Space, and arrows inside a group of choices; every stop on the way has to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

_MOST_STOPS = 120
_HERE = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const style = getComputedStyle(here), box = here.getBoundingClientRect();
  const labels = here.labels ? [...here.labels].map(each => each.innerText).join(' ') : '';
  const named = here.getAttribute('aria-label') || labels || here.innerText || here.value || '';
  return {
    tag: here.tagName, kind: here.type || '', id: here.id, name: named.trim().replace(/\\s+/g, ' '),
    outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth), isShadowed: style.boxShadow !== 'none',
    isOnScreen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    isInMain: !!here.closest('main') && here.tagName !== 'MAIN',
  };
}"""


@dataclass
class Keyboard:
    """A person at the keyboard of one page."""

    page: Page
    unseen: list[str] = field(default_factory=list)
    """Stops at which nobody could see where they are."""

    def here(self) -> dict[str, Any]:
        """Return what has the focus: tag, kind, id, name, and how it is seen; empty for nothing."""
        found: dict[str, Any] | None = self.page.evaluate(_HERE)
        return found or {}

    def tab(self) -> dict[str, Any]:
        """Go one stop on, and note it if it is not seen."""
        self.page.keyboard.press("Tab")
        here = self.here()
        if here and not (here["isOnScreen"] and (here["outline"] >= 2 or here["isShadowed"])):
            self.unseen.append(f"{self.page.url}: {here}")
        return here

    def to(self, name: str, *, kind: str = "") -> dict[str, Any]:
        """Go on to the next stop whose name has these words in it (and is of that type).

        Raises:
            AssertionError: the keyboard does not reach it.
        """
        passed = []
        for _ in range(_MOST_STOPS):
            here = self.tab()
            if here and name in here["name"] and (not kind or here["kind"] == kind):
                return here
            passed.append(here.get("name", ""))
        raise AssertionError(f"{self.page.url}: Tab does not come to {name!r}, only to {passed}")

    def follow(self, name: str) -> None:
        """Go to the link or button, press Enter, and return when the next page is there."""
        self.to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, name: str) -> None:
        """Go to the checkbox, and tick it."""
        self.to(name, kind="checkbox")
        self.page.keyboard.press("Space")

    def choose(self, name: str) -> None:
        """Go to the next group of choices, and with the arrows to the one whose name begins so.

        Raises:
            AssertionError: the group has none.
        """
        here = self.to("", kind="radio")
        first = here["name"]
        self.page.keyboard.press("Space")
        while not here["name"].startswith(name):
            self.page.keyboard.press("ArrowDown")
            here = self.here()
            assert here["name"] != first, f"{self.page.url}: no choice {name!r}"
