"""Finds the sealing plan of an assignment, or rehearses it and keeps what was found.

A released course keeps it with the release, `releases/<content hash>/sealing/<assignment>.json`; any other nbgrader course directory in
`.patunay/sealing/<assignment>.json`, where a plan also goes that was made anew because the environment changed. A plan is used only if it was made from the
same sources, in the same environment, with the same choices, and if nobody but its owner, who is us, could have written it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from autograder.jobs import AssignmentSource, Limits
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers
from autograder.sealed.plan import Mode, SealingPlan
from courses.release import Release, find_release
from courses.storage import write_atomically

_FORM = SealingPlan.model_fields["form"].default


def load_or_rehearse(
    course_root: Path,
    source: AssignmentSource,
    servers: SealedServers,
    limits: Limits,
    *,
    environment: Mapping[str, str],
    choices: Mapping[str, Mode] | None = None,
) -> SealingPlan:
    """Return the plan for `source`; if there is none that holds, rehearse, and keep it in the course directory.

    Raises:
        SandboxMissingError: a kernel could not be forked.
        StorageError: the plan cannot be written.
    """
    plan = find_plan(course_root, source, environment=environment, choices=choices)
    if plan is None:
        plan = rehearse(source, servers, limits, environment_digest=environment_digest(environment), choices=choices)
        keep_plan(_own_place(course_root, source.assignment), plan)
    return plan


def find_plan(
    course_root: Path, source: AssignmentSource, *, environment: Mapping[str, str], choices: Mapping[str, Mode] | None = None
) -> SealingPlan | None:
    """Return the plan for `source` that is kept; None if there is none that holds."""
    digest = environment_digest(environment)
    release = find_release(course_root)
    places = [*([released_plan(course_root, release, source.assignment)] if release else []), _own_place(course_root, source.assignment)]
    kept = (read_plan(place) for place in places)
    return next((plan for plan in kept if plan is not None and _holds(plan, source, digest, dict(choices or {}))), None)


def environment_digest(environment: Mapping[str, str]) -> str:
    """Return the SHA-256 of the versions that a plan depends on."""
    return hashlib.sha256(json.dumps(dict(environment), sort_keys=True).encode()).hexdigest()


def released_plan(course_root: Path, release: Release, assignment: str) -> Path:
    """Return where the plan of a released assignment is kept."""
    return course_root / "releases" / release.content_hash / "sealing" / f"{assignment}.json"


def keep_plan(place: Path, plan: SealingPlan) -> None:
    """Write `plan`, for its owner alone: it holds hidden tests.

    Raises:
        StorageError: full, read-only or forbidden.
    """
    write_atomically(place, plan.model_dump_json(indent=1) + "\n", mode=0o600)


def read_plan(place: Path) -> SealingPlan | None:
    """Return the plan at `place`; None if there is none, or one that others could have written, or of another version of ours."""
    text = read_private(place)
    if text is None:
        return None
    try:
        plan = SealingPlan.model_validate_json(text)
    except ValidationError:
        return None
    return plan if plan.form == _FORM else None


def read_private(place: Path) -> bytes | None:
    """Return what a file of ours holds; None if there is none, or one that others could have written."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        return stream.read()


def _own_place(course_root: Path, assignment: str) -> Path:
    return course_root / ".patunay" / "sealing" / f"{assignment}.json"


def _holds(plan: SealingPlan, source: AssignmentSource, digest: str, choices: dict[str, Mode]) -> bool:
    told = (plan.assignment, plan.source_digest, plan.environment_digest, plan.choices)
    return told == (source.assignment, source.digest, digest, choices)
