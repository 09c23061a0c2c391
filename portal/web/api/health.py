"""`healthz`: whether the portal can do its work, for programs that watch over it. No names, no versions, no addresses; cheap, and worked out every second at most."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.ledger import Credential, open_ledger
from portal.web.api.json_handler import JsonHandler

_KEPT = "healthz"
_FOR = timedelta(seconds=1)
_LARGEST = 4 * 2**20
_log = logging.getLogger("patunay.portal")


@dataclass(frozen=True, slots=True)
class Health:
    """What was found."""

    checks: tuple[tuple[str, str], ...]
    """What was looked at, and `ok` or what is wrong."""
    at: datetime

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(state == "ok" for _, state in self.checks)


def look_at(site: Site, now: datetime) -> Health:
    """Return how the site is now."""
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("ledger", lambda: _ledger(site)),
        ("keys", lambda: _published(site, site.root / "did.json", now)),
        ("status list", lambda: _published(site, site.root / "status" / "1.json", now)),
    )
    return Health(tuple((name, look()) for name, look in looks), now)


def _ledger(site: Site) -> str:
    try:
        with open_ledger(site.ledger_url) as session:
            session.execute(text("SELECT 1"))
    except DiagnosedError as refusal:
        _log.warning("healthz: %s", refusal.problem)
        return "not readable"
    return "ok"


def _published(site: Site, path: Path, now: datetime) -> str:
    """Return how a file is that verifiers need. A site that has issued nothing has published nothing, which is no fault."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_LARGEST))
    except FileNotFoundError:
        return "not published" if _has_issued(site) else "ok"
    except (OSError, ValueError):
        return "not readable"
    until = document.get("validUntil") if isinstance(document, dict) else ""
    try:
        return "out of date" if isinstance(until, str) and until and datetime.fromisoformat(until) < now else "ok"
    except (ValueError, TypeError):
        return "not readable"


def _has_issued(site: Site) -> bool:
    try:
        with open_ledger(site.ledger_url) as session:
            return session.scalars(select(Credential.id).limit(1)).first() is not None
    except DiagnosedError:
        return False  # the ledger's own check says what is wrong


class HealthHandler(JsonHandler):
    """How the portal is."""

    is_for_machines = True

    async def get(self) -> None:
        """Say it: 200 if all is well, 503 if not."""
        now, kept = self.portal.now(), self.settings.get(_KEPT)
        if isinstance(kept, Health) and timedelta(0) <= now - kept.at < _FOR:
            health = kept
        else:
            health = await self.compute(look_at, self.portal.site, now)
        self.settings[_KEPT] = health
        self.set_header("Cache-Control", "no-store")
        status = 200 if health.is_ok else 503
        self.answer_json({"status": "ok" if health.is_ok else "failing", "checks": dict(health.checks)}, status=status)
