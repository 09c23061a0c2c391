"""`patunay watch`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text
from portal.cli.stopping import asked_to_end

if TYPE_CHECKING:
    from portal.grading_service.health import ServiceHealth


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("watch")(watch)


def watch(
    courses: Annotated[int, typer.Option(min=1, help="How many courses are graded at the same moment.")] = 2,
    jobs: Annotated[int, typer.Option(min=0, help="How many submissions at once, in all courses together; 0: one a core.")] = 0,
    warm: Annotated[int, typer.Option(min=1, help="How many courses keep their kernels loaded while nothing arrives.")] = 4,
    idle: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="For how long.")] = 600.0,
    status: Annotated[bool, typer.Option("--status", help="Only tell how the service of this site is.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Grade what learners hand in as it arrives, in every released course, until Ctrl+C.

    Example: `patunay watch --site .`
    """
    from portal.grading_service.health import read_health
    from portal.grading_service.watching import Pace, watch

    place = site_at(site)
    if status:
        _tell_health(read_health(place, now=now()), as_json=as_json)
        return

    def tell(line: str) -> None:
        sys.stderr.write(f"{now():%Y-%m-%d %H:%M:%S} {line}\n")
        sys.stderr.flush()

    with asked_to_end() as is_asked:
        watch(place, Pace(courses, jobs, warm, idle), now=now, is_asked_to_end=is_asked, tell=tell)


def _tell_health(health: ServiceHealth, *, as_json: bool) -> None:
    if as_json:
        told = health.status.model_dump(mode="json") if health.status else {}
        print_json({"is_running": health.is_running, "waiting": health.waiting, **told})
    elif health.status is None:
        print_text("The service has never run at this site: `patunay watch`.")
    else:
        running = "runs" if health.is_running else "does not run"
        print_text(f"The service {running}; its last sign of life was at {health.status.beat:%Y-%m-%d %H:%M:%S} UTC.")
        rows = [
            (each.course, each.waiting, each.running, each.graded, each.given_up, f"{each.problem}. {each.remedy}" if each.problem else "")
            for each in health.status.courses
        ]
        columns = ("course", "waiting", "running", "graded", "given up", "problem")
        print_table("courses", columns, rows, numbers=columns[1:5])
    if not health.is_running:
        raise typer.Exit(1)
