"""The keys and the published status lists with their dates, and what somebody should see to before it fails. Nothing secret is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.documents import parse_document
from issuer.ledger import Credential, open_ledger
from issuer.proof import parse_timestamp
from portal.key_keeping import ListedKey, list_keys

NEAR = timedelta(days=60)
"""A status list that ends within this time is told of."""
Alarm = Literal["no active key", "key not encrypted", "compromised key", "list missing", "list unreadable", "list ended", "list ends soon"]


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list as it lies in `status/`."""

    number: int
    valid_from: datetime | None
    valid_until: datetime | None
    credentials: int
    """That have a place in it."""
    problem: Literal["", "list missing", "list unreadable"] = ""


@dataclass(frozen=True, slots=True)
class KeysOverview:
    """All of it."""

    keys: tuple[ListedKey, ...]
    lists: tuple[PublishedList, ...]
    alarms: tuple[tuple[Alarm, str], ...]
    """What, and of which key or list."""


def keys_overview(site: Site, *, now: datetime) -> KeysOverview:
    """Return the keys, newest first, the status lists, and the alarms."""
    keys = tuple(list_keys(site))
    with open_ledger(site.ledger_url) as session:
        counts = session.execute(select(Credential.status_list, func.count()).group_by(Credential.status_list)).all()
    lists = tuple(
        _published(site.root / "status" / f"{number}.json", int(number), int(count)) for number, count in sorted(map(tuple, counts))
    )
    return KeysOverview(keys, lists, alarms_of(keys, lists, now))


def alarms_of(keys: Sequence[ListedKey], lists: Sequence[PublishedList], now: datetime) -> tuple[tuple[Alarm, str], ...]:
    """Return what somebody should see to. Pure."""
    found: list[tuple[Alarm, str]] = []
    if not any(each.entry.state == "active" for each in keys):
        found.append(("no active key", ""))
    found += [("compromised key", each.key_id) for each in keys if each.entry.state == "compromised"]
    found += [("key not encrypted", each.kept) for each in keys if each.entry.state == "active" and "not encrypted" in each.kept]
    for each in lists:
        if each.problem:
            found.append((each.problem, str(each.number)))
        elif each.valid_until is not None and each.valid_until <= now:
            found.append(("list ended", str(each.number)))
        elif each.valid_until is not None and each.valid_until <= now + NEAR:
            found.append(("list ends soon", str(each.number)))
    return tuple(found)


def _published(path: Path, number: int, count: int) -> PublishedList:
    try:
        document = parse_document(path.read_bytes())
        return PublishedList(number, parse_timestamp(document["validFrom"]), parse_timestamp(document["validUntil"]), count)
    except FileNotFoundError:
        return PublishedList(number, None, None, count, "list missing")
    except (OSError, KeyError, DiagnosedError):
        return PublishedList(number, None, None, count, "list unreadable")
