"""The reports of a course of a site: what they are about is gathered here, worked out in `autograder.analysis`, and shown by `autograder.reports`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from autograder.analysis.attempt_scores import AttemptFrames, attempt_frames
from autograder.analysis.course_results import CourseSubject, course_tables
from autograder.analysis.failing_messages import failing_messages
from autograder.analysis.item_analysis import CutScore, responses_of
from autograder.analysis.outcomes import OutcomeGoal
from autograder.analysis.review_pack import VersionChange, review_pack
from autograder.extensions import granted_rules
from autograder.gradebook import gradebook_reader
from autograder.reports import ReportContent, make_report
from autograder.variants import with_variants
from courses.catalogue import load_course
from courses.checks import check_course
from courses.errors import DiagnosedError
from courses.manifest import CourseManifest
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.settings import Site
from issuer.ledger import credentials_of, open_ledger
from issuer.standing import CourseStanding, read_standing, released_root


@dataclass(frozen=True, slots=True)
class CourseResults:
    """Everything that a course's reports are worked out from."""

    subject: CourseSubject
    cells: pd.DataFrame
    """See `autograder.gradebook`."""
    work: pd.DataFrame
    """The gradebook's assignments."""
    responses: pd.DataFrame
    attempts: AttemptFrames
    directory: NbgraderCourse


def report_course(site: Site, course: str, *, now: datetime, parquet: bool = False) -> Path:
    """Make the cohort report of a released course and return its HTML file.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
        ReportError: the report's notebook fails.
    """
    standing = read_standing(site, course)
    results = read_results(site, standing)
    tables = course_tables(results.subject, results.work, results.responses, results.attempts, now=now)
    tables["messages"] = failing_messages(results.directory, results.responses)
    subject = results.subject
    content = ReportContent(f"{subject.title} {subject.version}: cohort report", _told(subject), tables, subject.timezone)
    return make_report(content, site.root / "reports" / f"{subject.course}.html", now=now, parquet=parquet)


def review_course(site: Site, course: str, *, now: datetime, parquet: bool = False) -> Path:
    """Make the annual review pack of a released course, for the body that assures its quality, and return its HTML file.

    Raises:
        UnknownCourseError: the site has no such course.
        ReleaseRefusedError: it is not released.
        ReportError: the report's notebook fails.
    """
    standing = read_standing(site, course)
    results, manifest = read_results(site, standing), standing.manifest
    subject = results.subject
    changes = [VersionChange(each.version, each.date, each.kind, each.text.strip()) for each in manifest.change_log]
    states = {learner: status for learner, (status, _) in subject.statuses.items()}
    cut = CutScore(subject.pass_mark, subject.weights)
    pack = review_pack(results.work, results.responses, states, cut, changes, timezone=subject.timezone)
    known = course_tables(subject, results.work, results.responses, results.attempts, now=now)
    tables = {
        "years": pack.years,
        "item_years": pack.items,
        "changes": pd.DataFrame(
            [(each.version, each.on.isoformat(), each.kind, each.text) for each in changes], columns=["version", "on", "kind", "text"]
        ),
        "findings": _open_findings(site, course, now),
        **{name: known[name] for name in ("outcomes", "flags", "tests", "funnel")},
    }
    reviewed = {
        "reviewed_by": manifest.qa.reviewed_by,
        "reviewed_on": manifest.qa.reviewed_on.isoformat(),
        "review_by": manifest.qa.review_by.isoformat(),
    }
    content = ReportContent(f"{subject.title} {subject.version}: annual review", {**_told(subject), **reviewed}, tables, subject.timezone)
    target = site.root / "reports" / f"{subject.course}-review-pack.html"
    return make_report(content, target, now=now, template="review_pack", parquet=parquet)


def read_results(site: Site, standing: CourseStanding) -> CourseResults:
    """Return what the reports of a released course are worked out from, as the databases have it now."""
    manifest = standing.manifest
    directory = open_course(released_root(site, manifest.id))
    rules = granted_rules(directory.root, manifest.attempt_rules)
    reader = gradebook_reader(directory, attempt_rules=rules)
    found = reader.read(reader.learners)
    with open_ledger(site.ledger_url) as ledger:
        holders = {each.learner for each in credentials_of(ledger, manifest.id) if each.revoked_at is None}
    responses = with_variants(responses_of(found.frames.cells), directory)
    subject = _subject(manifest, standing, len(holders & set(reader.learners)), site.settings.timezone)
    return CourseResults(subject, found.frames.cells, found.frames.assignments, responses, attempt_frames(found.attempts, rules), directory)


def _subject(manifest: CourseManifest, standing: CourseStanding, credentialed: int, timezone: str) -> CourseSubject:
    per_outcome = manifest.pass_rule.per_outcome
    return CourseSubject(
        course=manifest.id,
        title=manifest.title.en,
        version=manifest.version,
        institution=manifest.awarding_body.name,
        assignments=tuple((each.id, each.title.en) for each in manifest.assessments),
        weights={each.id: each.weight for each in manifest.assessments},
        pass_mark=manifest.pass_rule.overall,
        allowed={each.id: each.attempts for each in manifest.assessments if each.attempts is not None},
        goals=tuple(
            OutcomeGoal(each.id, each.text.en, per_outcome if each.min_score is None else each.min_score) for each in manifest.outcomes
        ),
        overall={each.learner: each.overall for each in standing.eligibility},
        outcome_shares={each.learner: dict(each.outcomes) for each in standing.eligibility},
        statuses={each.learner: (each.status.value, " ".join(reason.text for reason in each.reasons)) for each in standing.eligibility},
        credentialed=credentialed,
        timezone=timezone,
    )


def _told(subject: CourseSubject) -> Mapping[str, object]:
    """Return what a report's notebook gets besides the tables."""
    names = ("course", "title", "version", "institution", "assignments", "pass_mark")
    return {name: getattr(subject, name) for name in names}


def _open_findings(site: Site, course: str, now: datetime) -> pd.DataFrame:
    """Return what the checks that need no run find in the course as it is now."""
    columns = ["code", "severity", "where", "problem", "remedy"]
    try:
        found = check_course(load_course(site.courses, course), today=site.day_of(now))
    except DiagnosedError as unreadable:
        return pd.DataFrame([("", "blocking", unreadable.where or "", unreadable.problem, unreadable.remedy or "")], columns=columns)
    return pd.DataFrame([(each.code, each.severity.value, each.where, each.problem, each.remedy) for each in found], columns=columns)
