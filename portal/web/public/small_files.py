"""What search engines ask for by themselves: robots.txt. (Alone, without a hub's prefix, tornado serves the same file at the top of the host.)"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from portal.web.page_handler import PageHandler

_ROBOTS = Path(__file__).resolve().parents[1] / "static" / "robots.txt"


class RobotsHandler(PageHandler):
    """What search engines may look at: courses and trust; never anybody's credential."""

    def get(self) -> None:
        """Send the rules."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Cache-Control", "public, max-age=86400")
        self.finish(_robots())


@cache
def _robots() -> bytes:
    return _ROBOTS.read_bytes()
