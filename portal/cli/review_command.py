"""`patunay review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, JsonOption, NamesArgument, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text

if TYPE_CHECKING:
    from autograder.review import ReviewItem


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("review")(review)


def review(
    names: NamesArgument = None,
    root: Annotated[Path | None, typer.Option(help="In this nbgrader course directory; no site is needed.", show_default=False)] = None,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page for graders; it shows hidden tests.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided too.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List the tests that a person has to decide, with both results; formgrader is where points are given.

    Example: `patunay review data-cleaning-with-pandas --html review.html`
    """
    from autograder.review_page import review_page
    from courses.storage import write_atomically
    from portal.course_work import course_reviews, directory_reviews

    if root is None and not names:
        raise typer.BadParameter("name a course, or give --root DIR")
    chosen = tuple(names or ())
    found = directory_reviews(root, chosen) if root is not None else course_reviews(site_at(site), chosen[0], chosen[1:])
    items = [each for each in found if everything or each.manual_score is None]
    title = root.resolve().name if root is not None else chosen[0]
    if page is not None:
        write_atomically(page, review_page(title, items, made_at=now().isoformat(timespec="minutes")), mode=0o600)
    if as_json:
        print_json([_row(each) for each in items])
    elif page is not None:
        print_text(str(page))
    else:
        _tell(title, items)


def _row(item: ReviewItem) -> dict[str, object]:
    return {
        "learner": item.learner,
        "assignment": item.assignment,
        "notebook": item.notebook,
        "cell": item.cell,
        "points_possible": item.points_possible,
        "reasons": list(item.review.reasons),
        "sealed_score": item.review.sealed_score,
        "compat_score": item.review.compat_score,
        "manual_score": item.manual_score,
    }


def _tell(title: str, items: list[ReviewItem]) -> None:
    rows = [
        (
            each.learner,
            each.assignment,
            each.cell,
            _points(each.review.sealed_score),
            _points(each.review.compat_score) if each.review.was_compared else "",
            "" if each.manual_score is None else f"{each.manual_score:g}",
            "; ".join(each.review.reasons),
        )
        for each in items
    ]
    if rows:
        columns = ("learner", "assignment", "test", "sealed", "one process", "decided", "why")
        print_table(f"{title}: to be decided by a person", columns, rows, numbers=("sealed", "one process", "decided"))
    print_text(f"{title}: {sum(each.manual_score is None for each in items)} tests wait for a person.")


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"
