"""What waits for the people of the office: one line for each thing that somebody can do something about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from courses.settings import Site
from issuer.batches import is_same_person
from issuer.decisions import OPEN, REGRADE, REQUESTS, decisions_of
from issuer.ledger import open_ledger
from issuer.register import register_lines
from portal.batch_review import batches_of
from portal.course_standing import readable_courses

EXPIRING = timedelta(days=60)
What = Literal[
    "to approve", "own to approve", "to issue", "stopped", "not issued", "blocked", "expiring", "review overdue", "review soon",
    "unreadable", "requests", "regrades", "decisions",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits."""

    what: What
    count: int
    about: str
    """The course, or the batch's id; empty where it is about all."""
    path: str
    """Of the page where it is done, relative to the portal's prefix."""


def award_tasks(site: Site, name: str, *, now: datetime) -> list[Task]:
    """Return what waits of batches, credentials, decisions and requests.

    Args:
        name: of who looks: what they prepared waits for others.
    """
    tasks: list[Task] = []
    for batch in batches_of(site):
        path = f"office/batches/{batch.id}"
        if batch.state == "prepared":
            tasks.append(
                Task("own to approve" if is_same_person(batch.prepared_by, name) else "to approve", batch.awards, batch.course, path)
            )
        elif batch.state == "approved":
            tasks.append(Task("to issue", batch.awards, batch.course, path))
        elif batch.state == "issuing":
            tasks.append(Task("not issued" if batch.refused else "stopped", len(batch.refused) or batch.awards, batch.course, path))
    with open_ledger(site.ledger_url) as session:
        expiring = len(register_lines(session, now, expiring_within=EXPIRING))
        kinds = [each.kind for each in decisions_of(session, only_open=True) if each.state == OPEN]
    counted: tuple[tuple[What, int, str], ...] = (
        ("requests", sum(kind in REQUESTS for kind in kinds), "office/requests"),
        ("regrades", kinds.count(REGRADE), "office/decisions?kind=regrade"),
        ("decisions", sum(kind not in REQUESTS and kind != REGRADE for kind in kinds), "office/decisions"),
        ("expiring", expiring, "office/register?kind=expiring"),
    )
    return [*tasks, *(Task(what, count, "", path) for what, count, path in counted if count)]


def blocked_tasks(blocked: Mapping[str, int]) -> list[Task]:
    """Return a task for each course, by its id, in which something about learners is not decided. Pure."""
    return [Task("blocked", count, course, f"office/courses/{course}?kind=blocked") for course, count in blocked.items() if count]


def review_tasks(site: Site, *, today: date) -> list[Task]:
    """Return the courses whose review is overdue or near, and those whose sources cannot be read."""
    kinds: Mapping[str, What] = {"overdue": "review overdue", "due soon": "review soon"}
    found, unread = readable_courses(site, today=today)
    due = [Task(kinds[each.review], abs(each.review_in_days), each.course, "office/quality") for each in found if each.review in kinds]
    return [*due, *(Task("unreadable", 1, course, "office/quality") for course in unread)]
