"""What the commands that look at the ledger do: the register, the decisions, and the copy to another database."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from courses.settings import Site
from issuer.decisions import decisions_of
from issuer.errors import LedgerError
from issuer.ledger import Decision, open_ledger
from issuer.ledger_copying import copy_ledger
from issuer.register import STATES, RegisterLine, register_lines


def register_of(site: Site, *, course: str | None, state: str | None, expiring_days: int | None, now: datetime) -> list[RegisterLine]:
    """Return the lines of the register.

    Raises:
        LedgerError: there is no such state.
    """
    if state is not None and state not in STATES:
        raise LedgerError(f"there is no state {state!r}", where="--state", remedy=f"Choose one of {', '.join(STATES)}.")
    within = None if expiring_days is None else timedelta(days=expiring_days)
    with open_ledger(site.ledger_url) as session:
        return list(register_lines(session, now, course=course, state=state, expiring_within=within))


def decisions(site: Site, *, everything: bool) -> list[tuple[str, ...]]:
    """Return a row for each decision, oldest first: id, kind, state, learner, credential, what is asked, by whom, when, who decided."""
    with open_ledger(site.ledger_url) as session:
        return [
            (
                each.id, each.kind, each.state, each.learner, each.credential_id, _asked(each), each.opened_by, each.opened_at,
                each.decided_by or "",
            )
            for each in decisions_of(session, only_open=not everything)
        ]  # fmt: skip


def _asked(decision: Decision) -> str:
    content = json.loads(decision.content)
    if "credentials" in content:
        return f"{content['how']} {len(content['credentials'])} credentials ({content['code']}): {content['note']}"
    return "; ".join(f"{key}: {value}" for key, value in content.items())


def copy_to(site: Site, target: str) -> dict[str, int]:
    """Copy the site's ledger into an empty database; return how many rows each table has."""
    return copy_ledger(site.ledger_url, target)
