"""`patunay similarity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, JsonOption, NamesArgument, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say

if TYPE_CHECKING:
    from autograder.similarity.reporting import Likeness


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("similarity")(similarity)


def similarity(
    names: NamesArgument = None,
    root: Annotated[Path | None, typer.Option(help="In this nbgrader course directory; no site is needed.", show_default=False)] = None,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the answers side by side; it shows learners' work.", show_default=False)
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs of each assignment are shown.")] = 50,
    every: Annotated[bool, typer.Option("--all-attempts", help="Compare all attempts, not only those that count.")] = False,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="Compare with this earlier class's course directory too; may be given again.", show_default=False),
    ] = None,
    common: Annotated[float, typer.Option(min=0.0, max=1.0, help="What more than this share of the learners wrote counts nothing.")] = 0.1,
    mark: Annotated[str, typer.Option(help="Say of --pair in one ASSIGNMENT: none, noted or referred.", show_default=False)] = "",
    pair: Annotated[tuple[str, str] | None, typer.Option(help="The two learners that --mark is about.", show_default=False)] = None,
    note: Annotated[str, typer.Option(help="With --mark: what you found.", show_default=False)] = "",
    by: Annotated[str, typer.Option(help="With --mark: your name, for the record.", show_default=False)] = "",
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show which learners' answers look alike, for a person to read. No score is ever changed by it.

    Examples: `patunay similarity data-cleaning-with-pandas --html alike.html`;
    `patunay similarity data-cleaning-with-pandas cleaning --mark noted --pair ana ben --by "M. Reyes"`
    """
    if root is None and not names:
        raise typer.BadParameter("name a course, or give --root DIR")
    if bool(mark) != (pair is not None):
        raise typer.BadParameter("--mark and --pair go together")
    chosen = tuple(names or ())
    if pair is not None:
        _mark(site, root, chosen, mark, pair, by=by, note=note)
        return
    from autograder.similarity.comparing import ComparingOptions
    from autograder.similarity.page import similarity_page
    from autograder.similarity.reporting import Request, likeness_as_json
    from courses.storage import write_atomically
    from portal.similar_work import compare_course, compare_directory, earlier_courses

    request = Request(every, earlier_courses(earlier or ()), ComparingOptions(common_share=common))
    found = compare_directory(root, chosen, request) if root is not None else compare_course(site_at(site), chosen[0], chosen[1:], request)
    title = root.resolve().name if root is not None else chosen[0]
    if page is not None:
        write_atomically(page, similarity_page(title, found, pairs=pairs, made_at=now().isoformat(timespec="minutes")), mode=0o600)
    if as_json:
        print_json(likeness_as_json(found, pairs=pairs))
    elif page is not None:
        print_text(str(page))
    else:
        _tell(found, pairs)


def _mark(site: Path, root: Path | None, names: tuple[str, ...], status: str, pair: tuple[str, str], *, by: str, note: str) -> None:
    from autograder.similarity.marks import new_mark
    from issuer.standing import released_root
    from portal.similar_work import mark_course_pair

    wanted = 1 if root is not None else 2
    if len(names) != wanted:
        raise typer.BadParameter("--mark is about one assignment: name it")
    place = root if root is not None else released_root(site_at(site), names[0])
    mark_course_pair(place, new_mark(names[-1], pair, status, by=by, note=note, now=now()))
    print_text(f"{names[-1]}: {pair[0]} and {pair[1]} are marked {status!r}. No score is changed.")


def _tell(found: list[Likeness], pairs: int) -> None:
    from autograder.similarity.reporting import shown_name, shown_place

    for each in found:
        rows = [
            (
                shown_name(pair.first),
                shown_name(pair.second),
                f"{pair.bits:.0f}",
                f"{pair.share:.0%}",
                pair.shared,
                len(pair.cells),
                mark.status if (mark := each.mark_of(pair)) else "none",
            )
            for pair in each.comparison.pairs[:pairs]
        ]
        if rows:
            columns = ("learner", "and", "bits", "shared", "fingerprints", "cells", "status")
            print_table(each.assignment, columns, rows, numbers=("bits", "shared", "fingerprints", "cells"))
        comparison = each.comparison
        print_text(
            f"{each.assignment}: {comparison.answers} answers of {comparison.learners} learners, {len(comparison.pairs)} pairs share something unusual."
        )
        for crowd in comparison.crowds:
            say(f"  {len(crowd.owners)} learners have the same answer to {shown_place(crowd.place)}; it is counted in no pair.")
        for refusal in each.unread:
            say(f"  not read: {refusal}", style="yellow")
    say("Similar is not copied: read the pairs (--html FILE) before you think anything of anybody. No score is changed.")
