"""Keeps what running an assignment gave, in `<course directory>/.patunay/gate/<assignment>.json`, so that `check` and then `release` do the work once.

It holds hidden tests, so it is its owner's alone; and it is believed only if nobody else could have written it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from autograder.jobs import AssignmentSource, Limits
from autograder.mutation.accepted import AcceptedMutant
from autograder.planning import read_private
from autograder.sealed.plan import Mode
from courses.content_hash import folder_sha256
from courses.storage import write_atomically
from portal.gate.report import Trial

_FORM = 1


def trial_key(
    source: AssignmentSource, limits: Limits, *, environment: str, choices: Mapping[str, Mode], runs: int, accepted: tuple[AcceptedMutant, ...]
) -> str:  # fmt: skip
    """Return the SHA-256 over everything that a trial depends on.

    Args:
        environment: the digest of the versions that are installed.

    Raises:
        StorageError: a file of the source is a link.
    """
    told = [
        _FORM,
        source.model_dump(mode="json", exclude={"plan", "folder"}),
        folder_sha256(Path(source.folder)),
        limits.model_dump(mode="json"),
        environment,
        dict(sorted(choices.items())),
        runs,
        [each.model_dump(mode="json") for each in accepted if each.assignment == source.assignment],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def find_trial(course_root: Path, assignment: str, key: str) -> Trial | None:
    """Return the trial that is kept; None if there is none, or one of other sources, libraries or limits."""
    trial = find_kept(course_root, assignment)
    return trial if trial is not None and trial.key == key else None


def find_kept(course_root: Path, assignment: str) -> Trial | None:
    """Return the trial that is kept, whatever its sources were; None if there is none that can be read."""
    text = read_private(_place(course_root, assignment))
    if text is None:
        return None
    try:
        return Trial.model_validate_json(text)
    except ValidationError:
        return None


def keep_trial(course_root: Path, trial: Trial) -> None:
    """Keep `trial` for the next time.

    Raises:
        StorageError: full, read-only or forbidden.
    """
    write_atomically(_place(course_root, trial.plan.assignment), trial.model_dump_json(indent=1) + "\n", mode=0o600)


def _place(course_root: Path, assignment: str) -> Path:
    return course_root / ".patunay" / "gate" / f"{assignment}.json"
