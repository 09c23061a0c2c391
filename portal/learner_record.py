"""A learner's record: what was awarded and what is in progress; and links by which they let others see it until a day that they choose."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from courses.settings import Site
from issuer.audit import append_entry, lock_log
from issuer.errors import LedgerError
from issuer.ledger import RecordLink, open_ledger
from portal.certificate_preview import known_name
from portal.learner_credentials import OwnCredential, credentials_of_learner
from portal.learner_work import courses_of, read_learner

DAYS = (7, 30, 90)
"""How long a link may last."""
MOST_LINKS = 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class InProgress:
    """A course without a credential yet."""

    course: str
    title: str
    version: str
    done: int
    of: int
    overall: float
    needed: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What stands in a record."""

    name: str
    """As the institution knows the learner; their user name if it knows none."""
    awards: tuple[OwnCredential, ...]
    """The newest first, the withdrawn ones with their state."""
    in_progress: tuple[InProgress, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a record."""

    token: str
    made_at: datetime
    expires_at: datetime


def transcript_of(site: Site, learner: str, enrolled: Collection[str], language: str, *, now: datetime) -> Transcript:
    """Return a learner's record.

    Args:
        enrolled: the courses that the hub's groups name; others are in it where something was handed in.
    """
    awards = tuple(each for each in credentials_of_learner(site, learner, now=now) if each.state != "erased")
    held = {each.course for each in awards if each.is_in_force}
    courses, progress, name = courses_of(site, learner, enrolled), [], ""
    for course in courses:
        name = name or known_name(site, course, learner)
        if course not in held:
            found = read_learner(site, course, learner, is_enrolled=course in enrolled)
            overall = found.eligibility.overall if found.eligibility else 0.0
            title, rule = found.manifest.title.in_language(language), found.manifest.pass_rule
            progress.append(InProgress(course, title, found.manifest.version, found.done, len(found.works), overall, rule.overall))
    return Transcript(name or learner, awards, tuple(progress))


def make_link(site: Site, learner: str, days: int, *, now: datetime) -> Link:
    """Make a link to the learner's record that lasts so many days.

    Raises:
        LedgerError: so many days are not offered, or there are too many links.
    """
    if days not in DAYS:
        raise LedgerError(f"a link lasts {', '.join(map(str, DAYS))} days", where="record link")
    token, until = secrets.token_urlsafe(32), now + timedelta(days=days)
    with open_ledger(site.ledger_url) as session:
        lock_log(session)
        if len(_current(site, learner, now)) >= MOST_LINKS:
            raise LedgerError("you have too many links", where="record link", remedy="Take some of them back first.")
        session.add(RecordLink(token=token, learner=learner, made_at=now.isoformat(), expires_at=until.isoformat()))
        append_entry(session, at=now, actor=learner, action="record link made", subject=learner, details={"expires_at": until.isoformat()})
        session.commit()
    return Link(token, now, until)


def links_of(site: Site, learner: str, *, now: datetime) -> tuple[Link, ...]:
    """Return the learner's links that work now, the oldest first."""
    return _current(site, learner, now)


def end_link(site: Site, learner: str, token: str, *, now: datetime) -> bool:
    """Take a link of the learner's back; return whether there was one that worked."""
    with open_ledger(site.ledger_url) as session:
        lock_log(session)
        link = session.get(RecordLink, token)
        if link is None or link.learner != learner or link.ended_at is not None:
            return False
        link.ended_at = now.isoformat()
        append_entry(session, at=now, actor=learner, action="record link taken back", subject=learner, details={})
        session.commit()
        return True


def learner_of_link(site: Site, token: str, *, now: datetime) -> str | None:
    """Return whose record a link shows, None if it shows none any more or never did."""
    if not _TOKEN.fullmatch(token):
        return None
    with open_ledger(site.ledger_url) as session:
        link = session.get(RecordLink, token)
        if link is None or link.ended_at is not None or datetime.fromisoformat(link.expires_at) <= now:
            return None
        return link.learner


def _current(site: Site, learner: str, now: datetime) -> tuple[Link, ...]:
    with open_ledger(site.ledger_url) as session:
        query = select(RecordLink).where(RecordLink.learner == learner, RecordLink.ended_at.is_(None)).order_by(RecordLink.made_at)
        links = [
            Link(each.token, datetime.fromisoformat(each.made_at), datetime.fromisoformat(each.expires_at))
            for each in session.scalars(query)
        ]
        return tuple(each for each in links if each.expires_at > now)
