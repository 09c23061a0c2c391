"""Takes a course from one state to the next: each function checks that the step is allowed, and writes it into the course's record of reviews."""

from __future__ import annotations

from datetime import date

from courses.catalogue import Course
from courses.checks import check_course
from courses.content_hash import course_sha256
from courses.errors import ReviewError
from courses.review_checks import status_of
from courses.review_record import Action, ReviewStep, add_review, load_reviews
from courses.review_workflow import CourseState, ReviewStatus, folded_name, is_retired
from courses.settings import Site
from courses.storage import remove_folder

_MENDED_BY_REVIEW = frozenset({"Q15"})
"""What may be wrong with a course that goes to review: a review that is overdue."""


def take_step(site: Site, course: Course, action: Action, *, person: str, role: str, note: str | None, today: date) -> ReviewStatus:
    """Write that `person` did `action` to the course as it is now, and return where it stands then.

    Raises:
        ReviewError: the step is not allowed now, or not to this person.
        StorageError: the record cannot be written.
    """
    person, role, note = person.strip(), role.strip(), (note or "").strip() or None
    if not person or not role:
        raise ReviewError("a step of a review needs a name and a role", remedy="Give both: --by NAME --role ROLE.")
    if action in {"commented", "returned", "retired", "reopened"} and note is None:
        raise ReviewError("others will want to know why", remedy="Say it with --note.")
    status = status_of(site, course)
    if action == "submitted":
        _allow_submission(course, status, today)
    elif action in {"approved", "returned"}:
        _allow_decision(course, status, action, person, role)
    elif action != "commented":  # everybody may say something, at any time; it changes no state
        _allow_retirement(course, action)
    step = ReviewStep(
        action=action,
        person=person,
        role=role,
        date=today,
        version=course.manifest.version,
        content_hash=course_sha256(course.folder),
        note=note,
    )
    add_review(course.folder, step)
    if action == "retired":
        withdraw_from_exchange(site, course)
    return status_of(site, course)


def withdraw_from_exchange(site: Site, course: Course) -> None:
    """Take the learner versions of a course out of the exchange, so that nobody fetches or hands in any more; what was handed in stays."""
    outbound = site.exchange / course.id / "outbound"
    if outbound.is_dir() and not outbound.is_symlink():
        for folder in outbound.iterdir():
            remove_folder(folder)


def _allow_submission(course: Course, status: ReviewStatus, today: date) -> None:
    _refuse_retired(course, status)
    if status.submitted is not None:
        raise ReviewError(
            f"this content of {course.id} was submitted already, by {status.submitted.person} on {status.submitted.date}",
            remedy="Wait for the reviewers, or change the course first.",
        )
    blocked = [each for each in check_course(course, today=today) if each.is_blocking and each.code not in _MENDED_BY_REVIEW]
    if blocked:
        raise ReviewError(
            f"the release gate has {len(blocked)} blocking finding(s): {', '.join(dict.fromkeys(each.code for each in blocked))}",
            where=course.id,
            remedy=f"See `patunay check {course.id}`, and submit it when they are mended.",
        )


def _allow_decision(course: Course, status: ReviewStatus, action: Action, person: str, role: str) -> None:
    _refuse_retired(course, status)
    if status.submitted is None:
        raise ReviewError(
            f"{course.id} as it is now was not submitted for review",
            remedy=f"Its authors submit it: `patunay course submit {course.id} --by NAME --role ROLE`.",
        )
    if action == "returned":
        return
    if folded_name(person) in {folded_name(author.name) for author in course.manifest.authors}:
        raise ReviewError(
            f"{person} is an author of {course.id}, and nobody reviews their own course", remedy="Let somebody else review it."
        )
    if folded_name(person) == folded_name(status.submitted.person):
        raise ReviewError(f"{person} submitted {course.id}, and so cannot approve it", remedy="Let somebody else review it.")
    if any((folded_name(each.person), folded_name(each.role)) == (folded_name(person), folded_name(role)) for each in status.approvals):
        raise ReviewError(f"{person} has approved this content as {role} already", remedy="Nothing is left to do.")


def _allow_retirement(course: Course, action: Action) -> None:
    retired = is_retired(load_reviews(course.folder))
    if retired == (action == "retired"):
        raise ReviewError(f"{course.id} is {'retired already' if retired else 'not retired'}", remedy="Nothing is left to do.")


def _refuse_retired(course: Course, status: ReviewStatus) -> None:
    if status.state is CourseState.RETIRED:
        raise ReviewError(f"{course.id} is retired", remedy=f"Reopen it first: `patunay course reopen {course.id}`.")
