"""What is held of a learner, for them: who did what with it, and all of it as one zip."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from autograder.extensions import Grant
from courses.content_hash import regular_files
from courses.settings import Site
from issuer.errors import LedgerError
from issuer.ledger import open_ledger
from issuer.privacy import data_of
from portal.extensions import extensions_of
from portal.learner_work import LearnerCourse, read_learner

_NOT_GIVEN = frozenset({"submission_secret.txt"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the audit log that is about the learner."""

    at: datetime
    actor: str
    is_own: bool
    """Whether the learner did it."""
    action: str
    subject: str


def log_about(site: Site, learner: str) -> tuple[LogLine, ...]:
    """Return who did what with what is held of a learner, the newest first."""
    lines = ledger_data(site, learner).get("audit_log", [])
    return tuple(
        LogLine(datetime.fromisoformat(each["at"]), each["actor"], each["actor"] == learner, each["action"], each["subject"])
        for each in reversed(lines)
    )


def ledger_data(site: Site, learner: str) -> dict[str, Any]:
    """Return everything that the ledger holds of a learner; nothing but their name where it holds nothing."""
    with open_ledger(site.ledger_url) as session:
        try:
            return data_of(session, learner)
        except LedgerError:
            return {"learner": learner}


def write_data(site: Site, learner: str, courses: Sequence[str], target: IO[bytes]) -> None:
    """Write a zip with all that is held of a learner: the ledger's part, and of each course the attempts with their results and files, and the extensions."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ledger.json", json.dumps(ledger_data(site, learner), ensure_ascii=False, indent=2))
        for course in courses:
            granted = [each for each in extensions_of(site, course) if each.learner == learner]
            _write_course(archive, read_learner(site, course, learner, is_enrolled=False), granted)


def _write_course(archive: zipfile.ZipFile, course: LearnerCourse, granted: Sequence[Grant]) -> None:
    told = {
        "course": course.id,
        "version": course.manifest.version,
        "extensions": [each.model_dump(mode="json") for each in granted],
        "assignments": [
            {
                "assignment": work.id,
                "state": work.stage.value,
                "share": work.share,
                "due": work.due.isoformat() if work.due else None,
                "cells": [{"cell": each.cell, "points": each.score, "possible": each.possible} for each in work.cells],
                "attempts": [
                    {
                        "number": each.number,
                        "submitted_at": each.submitted_at.isoformat(),
                        "sha256": each.digest,
                        "state": each.stage.value,
                        "reason": each.reason,
                        "graded_at": each.result.graded_at if each.result else None,
                    }
                    for each in work.state.attempts
                ],
            }
            for work in course.works
        ],
    }
    archive.writestr(f"{course.id}/results.json", json.dumps(told, ensure_ascii=False, indent=2))
    for work in course.works:
        for attempt in work.state.attempts:
            if attempt.folder is not None and attempt.folder.is_dir():
                for name in regular_files(attempt.folder):
                    if name not in _NOT_GIVEN:
                        archive.write(attempt.folder / name, f"{course.id}/{work.id}/{attempt.number}/{name}")
