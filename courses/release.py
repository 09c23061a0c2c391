"""Releases a course: the gate is passed, the sources are frozen under a content hash, nbgrader makes and publishes the learner version.

Doing it twice changes nothing: an assignment that stands in the exchange with the same sources is left alone. What was released stays in
`<course root>/releases/<content hash>/`, so that old versions stay gradable and a credential's hash can be recomputed; see `courses.release_record`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from courses.catalogue import Course, require_assessment
from courses.checks import check_course
from courses.content_hash import APPROVALS, file_hashes
from courses.errors import ExchangeError, ReleaseRefusedError
from courses.findings import Finding
from courses.manifest import CourseManifest
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.release_checks import check_release
from courses.release_environment import release_environment
from courses.release_record import RECORD, ReleaseRecord, describe_release
from courses.released import Release as Release
from courses.released import find_release as find_release
from courses.released import frozen_source as frozen_source
from courses.released import keep_release
from courses.released import load_released_manifest as load_released_manifest
from courses.settings import Site
from courses.storage import diagnosed_storage, held_alone, remove_folder, replace_folder, write_atomically
from courses.variant_release import find_pool, give_variants, write_pools

FEEDBACK_PREPROCESSORS = (
    "nbgrader.preprocessors.GetGrades",
    "autograder.feedback.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
)
"""What nbgrader makes feedback with; see `autograder.feedback`."""

_LOCK = ".release.lock"

_COURSE_CONFIGURATION = """\
# Written by `patunay release`. Your own settings belong into the site's jupyter_config.py, which is read first.
from pathlib import Path

ROOT = Path(__file__).resolve().parent

c = get_config()
load_subconfig("jupyter_config.py", path=str((ROOT / {site!r}).resolve()))
c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = str((ROOT / {source!r}).resolve())
c.Exchange.root = str((ROOT / {exchange!r}).resolve())
c.ExchangeCollect.check_owner = False
c.Execute.timeout = {timeout}
c.LateSubmissionPlugin.penalty_method = {penalty!r}
# Feedback shows the learner's notebook, the scores, and for a failed check its author's message: never the text of a hidden test.
c.GenerateFeedback.preprocessors = {feedback!r}
"""

_DRAFT_CONFIGURATION = """\
# A draft has a gradebook and a record of grading of its own, wherever the site keeps those of its courses.
c.CourseDirectory.db_url = "sqlite:///" + str(ROOT / "gradebook.db")
c.GradingRecords.url = "sqlite:///" + str(ROOT / "grading.db")
"""


def release_course(
    site: Site, course: Course, assignments: tuple[str, ...], *, now: datetime, environment: Mapping[str, str] | None = None
) -> Release:
    """Release `assignments` of `course` (all where none is named) and return what stands in the exchange then.

    Args:
        environment: the versions that the release is made with, by name; None: those of this Python.

    Raises:
        ReleaseRefusedError: a blocking finding, or nbgrader cannot make the learner version.
        ExchangeError: the exchange cannot be written to.
        StorageError: another process is releasing this course, or the disk is full.
    """
    chosen = tuple(require_assessment(course, each) for each in assignments) or tuple(each.id for each in course.manifest.assessments)
    today = site.day_of(now)
    findings = check_course(course, today=today) + check_release(site, course, today=today)
    refuse_if_blocked([finding for finding in findings if finding.is_blocking])
    record = describe_release(course, release_environment(course) if environment is None else environment)
    root = site.course_root(course.id)
    with diagnosed_storage(root):
        root.mkdir(parents=True, exist_ok=True)
    with held_alone(root / _LOCK, "another process is releasing this course"):
        return _release(site, course, root, chosen, record, now)


def _release(site: Site, course: Course, root: Path, chosen: tuple[str, ...], record: ReleaseRecord, now: datetime) -> Release:
    _write_configuration(site, course, root)
    before = find_release(root)
    unchanged = before.assignments if before and before.source_hash == record.sources_sha256 else ()
    directory = open_course(root)
    write_pools(course, root, key_folder=root)
    require_exchange(site.exchange)
    released = tuple(dict.fromkeys((*(before.assignments if before else ()), *chosen)))
    for assignment in released:
        if assignment not in unchanged or not _outbound(directory, assignment).is_dir():
            _publish(directory, assignment)
            _set_due_date(directory, course.manifest, assignment)
    _freeze(course, root, record)
    write_pools(course, root / "releases" / record.content_hash, key_folder=root)
    release = Release(course.id, record.version, record.content_hash, now.isoformat(), released, record.sources_sha256)
    if before is None or (before.content_hash, before.assignments) != (release.content_hash, release.assignments):
        keep_release(root, release)
        return release
    return before


def draft_course(site: Site, course: Course, assignments: tuple[str, ...], folder: Path) -> NbgraderCourse:
    """Let nbgrader make the learner versions in the empty `folder`, as a release would, and return that course directory; nothing is published.

    Raises:
        ReleaseRefusedError: nbgrader cannot make a learner version.
    """
    _write_configuration(site, course, folder, besides=_DRAFT_CONFIGURATION)
    directory = open_course(folder)
    write_pools(course, folder, key_folder=site.course_root(course.id))
    with nbgrader_environment():
        api = NbGraderAPI(coursedir=directory.directory, config=directory.config)
        for assignment in assignments:
            generate_learner_version(api, directory, assignment)
    return directory


def refuse_if_blocked(findings: list[Finding]) -> None:
    """Raise `ReleaseRefusedError` with every blocking finding; return if there is none."""
    if findings:
        listed = "".join(f"\n  {finding.code} {finding.where}: {finding.problem}. {finding.remedy}" for finding in findings)
        raise ReleaseRefusedError(f"the course has {len(findings)} blocking finding(s):{listed}", remedy="Correct them and release again.")


def _write_configuration(site: Site, course: Course, root: Path, *, besides: str = "") -> None:
    """Make the course directory one that nbgrader's own commands work in."""
    text = _COURSE_CONFIGURATION.format(
        course=course.id,
        source=os.path.relpath(course.folder, root),
        exchange=os.path.relpath(site.exchange, root),
        timeout=max(1, round(site.settings.grading.cell_timeout_s)),
        site=os.path.relpath(site.root, root),
        feedback=list(FEEDBACK_PREPROCESSORS),
        penalty="zero" if course.manifest.late_policy == "zero" else "none",
    )
    text += besides
    path = root / "nbgrader_config.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def require_exchange(exchange: Path) -> None:
    """Make the exchange if it is absent, and return if releases can be put into it.

    Raises:
        ExchangeError: it cannot be made, or written to.
    """
    try:
        exchange.mkdir(parents=True, exist_ok=True)
        if exchange.stat().st_uid == os.getuid():
            # What nbgrader itself does: learners hand in through it. Where nobody may remove another's folders (the sticky bit), it stays so.
            exchange.chmod(stat.S_IMODE(exchange.stat().st_mode) | 0o777)
    except OSError as refusal:
        raise ExchangeError(
            f"the exchange cannot be made: {refusal.strerror}", where=str(exchange), remedy="Make the folder, or give another one."
        ) from refusal
    if not os.access(exchange, os.W_OK | os.X_OK):
        raise ExchangeError("the exchange is not writable", where=str(exchange), remedy=f"Run `chmod 777 {exchange}` as its owner.")


def _publish(directory: NbgraderCourse, assignment: str) -> None:
    with nbgrader_environment():
        api = NbGraderAPI(coursedir=directory.directory, config=directory.config)
        generate_learner_version(api, directory, assignment)
        outbound = _outbound(directory, assignment)
        if outbound.is_dir():
            remove_folder(outbound)
        _succeed(api.release_assignment(assignment), f"nbgrader cannot release {assignment!r}")


def generate_learner_version(api: NbGraderAPI, directory: NbgraderCourse, assignment: str) -> None:
    """Make the learner version, in which each learner finds their own variant where there are some.

    Raises:
        ReleaseRefusedError: nbgrader cannot.
    """
    made = api.generate_assignment(assignment, force=True, create=True)
    _succeed(made, f"nbgrader cannot make the learner version of {assignment!r}")
    pool = find_pool(directory.root, assignment)
    if pool is not None:
        give_variants(directory.release(assignment), pool)


def _set_due_date(directory: NbgraderCourse, manifest: CourseManifest, assignment: str) -> None:
    """Tell nbgrader the manifest's due date; without one, a date that was set in nbgrader stays."""
    assessment = manifest.assessment(assignment)
    if assessment is None or assessment.due is None:
        return
    with nbgrader_environment(), Gradebook(directory.database_url, directory.course_id) as gradebook:
        due = assessment.due if assessment.due.tzinfo else assessment.due.replace(tzinfo=UTC)
        gradebook.update_or_create_assignment(assignment, duedate=due.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "))


def _outbound(directory: NbgraderCourse, assignment: str) -> Path:
    return directory.exchange / directory.course_id / "outbound" / assignment


def _succeed(result: dict[str, object], problem: str) -> None:
    if result["success"]:
        return
    log = str(result.get("log", "")) or str(result.get("error", ""))
    raise ReleaseRefusedError(f"{problem}: {_cause(log)}", remedy="Correct the source notebook and release again.")


def _cause(log: str) -> str:
    """Return what nbgrader's log says went wrong: the error at the end of each traceback, otherwise the lines that it marks as errors."""
    lines = log.splitlines()
    raised = [line.strip() for line in lines if re.match(r"\s*[\w.]*(Error|Exception|Exit|Invalid\w*)\b.*:", line)]
    marked = [line.partition("] ")[2].strip() for line in lines if line.startswith(("[ERROR]", "[CRITICAL]")) and "Traceback" not in line]
    return " ".join(dict.fromkeys(raised or marked))[-600:] or log[-600:]


def _freeze(course: Course, root: Path, record: ReleaseRecord) -> None:
    target = root / "releases" / record.content_hash
    if target.is_dir():
        return
    with diagnosed_storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".freezing-", dir=target.parent))
        shutil.copytree(course.folder, making / course.id, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "*.pyc"))
        (making / course.id / APPROVALS).unlink(missing_ok=True)  # the reviews go on after the release
        if file_hashes(making / course.id) != record.files:
            remove_folder(making)
            raise ReleaseRefusedError("the course was changed while it was being released", remedy="Release it again.")
        write_atomically(making / RECORD, record.text())
        making.chmod(0o755)
        replace_folder(making, target)


@contextlib.contextmanager
def nbgrader_environment() -> Iterator[None]:
    """Let nbgrader find the `alembic` program of this Python.

    nbgrader 0.9.6 runs `alembic` from PATH when it makes a gradebook, which fails where the virtual environment is not activated.
    """
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
