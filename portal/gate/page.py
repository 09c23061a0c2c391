"""The gate's report as one HTML page that needs nothing else and runs nothing: for the author, the reviewer, and whoever asks later why it was released. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from courses.findings import Finding
from courses.rules import RULES
from portal.gate.page_parts import text
from portal.gate.page_sections import assignment_section, matrix_section
from portal.gate.page_style import STYLE
from portal.gate.report import GateReport

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_DEPTHS = {
    "static": "the files were read; nothing was run",
    "plan": "the files were read, and the reference solution and the untouched notebook were run",
    "rehearsal": "the files were read, and the assignments were rehearsed",
    "mutation": "the files were read, the assignments were rehearsed, and small mistakes were made in the reference solutions",
}


def gate_page(report: GateReport) -> str:
    """Return the page as HTML."""
    return "\n".join(_parts(report))


def _parts(report: GateReport) -> Iterator[str]:
    title = f"Release gate: {report.title or report.course}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">'
    yield f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#findings">Skip to the findings</a>'
    yield f"<header>\n<h1>{text(title)}</h1>\n{_verdict(report)}\n{_facts(report)}\n</header>"
    yield f'<nav aria-label="Contents">\n<ul>{_contents(report)}</ul>\n</nav>\n<main>'
    yield from _findings(report)
    yield from matrix_section(report)
    for name, trial in report.trials.items():
        yield from assignment_section(name, trial)
    yield "</main>\n<footer><p>This page shows parts of solutions and names hidden tests: it is for authors and reviewers, not for learners.</p></footer>"
    yield "</body>\n</html>\n"


def _verdict(report: GateReport) -> str:
    kind = "bad" if report.blocking else "doubt" if report.warnings or report.obstacle or report.depth == "static" else "good"
    return f'<p class="verdict {kind}">{text(report.verdict)}</p>'


def _facts(report: GateReport) -> str:
    version = f"Version {text(report.version)}. " if report.version else ""
    digest = f" Content hash {text(report.content_hash)}." if report.content_hash else ""
    return f'<p class="facts">{version}Checked at {text(_moment(report.checked_at))}: {_DEPTHS[report.depth]}.{digest}</p>'


def _moment(checked_at: str) -> str:
    return datetime.fromisoformat(checked_at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _contents(report: GateReport) -> str:
    links = [("findings", f"Findings ({len(report.findings)})"), ("matrix", "Outcomes and items")]
    links += [(f"run-{name}", f"Assignment {name}") for name in report.trials]
    return "".join(f'<li><a href="#{text(anchor)}">{text(told)}</a></li>' for anchor, told in links)


def _findings(report: GateReport) -> Iterator[str]:
    yield '<section aria-labelledby="findings">\n<h2 id="findings">Findings</h2>'
    if not report.findings:
        yield "<p>Nothing was found.</p>"
    if report.obstacle:
        yield f"<p>The assignments could not be run: {text(report.obstacle)}.</p>"
    yield from _group("Blocking: these stop the release", report.blocking, "bad")
    yield from _group("Warnings: these are for your judgement", report.warnings, "doubt")
    yield "</section>"


def _group(heading: str, findings: Sequence[Finding], kind: str) -> Iterator[str]:
    if findings:
        yield f"<h3>{text(heading)} ({len(findings)})</h3>"
        for finding in findings:
            yield _finding(finding, kind)


def _finding(finding: Finding, kind: str) -> str:
    rule = RULES.get(finding.code)
    name = f"{finding.code} {rule.name}" if rule else finding.code
    why = f"<dt>Why</dt><dd>{text(rule.why)}</dd>" if rule else ""
    return (
        f'<article class="finding {kind}">\n<h4>{text(name)}</h4>\n<p>{text(finding.problem[:1].upper() + finding.problem[1:])}.</p>\n'
        f'<dl><dt>Where</dt><dd class="where">{text(finding.where)}</dd>{why}<dt>What to do</dt><dd>{text(finding.remedy)}</dd></dl>\n</article>'
    )
