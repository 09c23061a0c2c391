"""`patunay verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, JsonOption, now
from portal.cli.output import print_json, print_table, print_text

if TYPE_CHECKING:
    from issuer.verification import VerificationReport
    from portal.verifying import Verified


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("verify")(verify)


def verify(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="FILE|URL...", help="JSON, JWT, baked PNG or SVG, or PDF; or an https address.", show_default=False),
    ],
    published: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A copy of what the issuer publishes: a folder with did.json and status/. May be given again.",
            show_default=False,
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no other machine.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify credentials: anyone's, on any machine, without a site. Exit code 1 if one of them is not to be relied on.

    Example: `patunay verify credential.json badge.png certificate.pdf`
    """
    from portal.verifying import make_resolver, verify_source

    resolver = make_resolver(HERE, published=tuple(published or ()), offline=offline)
    results = [verify_source(source, resolver=resolver, now=now(), offline=offline) for source in sources]
    if as_json:
        print_json([_as_json(result) for result in results])
    elif len(results) > 3:
        print_table("verified", ("credential", "verdict", "why"), [(result.source, _word(result), _why(result)) for result in results])
    else:
        for result in results:
            _tell(result)
    if not all(result.is_good for result in results):
        raise typer.Exit(1)


def _word(result: Verified) -> str:
    return result.report.verdict.value if result.report else "unreadable"


def _why(result: Verified) -> str:
    if result.report is None:
        return result.problem
    told = [check.sentence for check in result.report.checks if check.state.value != "passed"]
    told += [f"A badge in it is {badge.verdict.value}." for badge in result.report.badges if badge.verdict.value != "valid"]
    return " ".join(told)


def _tell(result: Verified) -> None:
    print_text(f"{result.source}: {_word(result).upper()}")
    if result.report is None:
        print_text("  " + result.problem.replace("\n", "\n  "))
        return
    _tell_report(result.report, "  ")
    for number, badge in enumerate(result.report.badges, start=1):
        print_text(f"  Badge {number} of {len(result.report.badges)} in it: {badge.verdict.value.upper()}")
        _tell_report(badge, "    ")


def _tell_report(report: VerificationReport, indent: str) -> None:
    for check in report.checks:
        print_text(f"{indent}{check.name} · {check.state.value}: {check.sentence}")
    facts = report.facts
    if facts is None:
        return
    told = [
        ("what", facts.title), ("to", facts.learner_name or "the holder of the e-mail address that it was issued to"), ("by", facts.issuer_name),
        ("issuer's identifier", facts.issuer_id), ("awarded", facts.awarded_on and f"{facts.awarded_on:%Y-%m-%d}"),
        ("valid until", facts.valid_until and f"{facts.valid_until:%Y-%m-%d}"), ("achievement", facts.achievement_id), ("credential", facts.credential_id),
    ]  # fmt: skip
    for name, value in told:
        if value:
            print_text(f"{indent}{name}: {value}")


def _as_json(result: Verified) -> dict[str, object]:
    report = result.report
    if report is None:
        return {"source": result.source, "verdict": "unreadable", "problem": result.problem}
    return {"source": result.source, **_report_as_json(report)}


def _report_as_json(report: VerificationReport) -> dict[str, object]:
    facts = report.facts
    return {
        "verdict": report.verdict.value,
        "checks": [{"name": check.name, "state": check.state.value, "sentence": check.sentence} for check in report.checks],
        "facts": {name: getattr(facts, name) for name in facts.__slots__} if facts else None,
        "badges": [_report_as_json(each) for each in report.badges],
    }
