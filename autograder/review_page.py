"""The page for the person who decides: answer, both results, reason and test side by side. Pure; one HTML file that needs nothing else and runs nothing.

Everything of a learner's is text here: escaped, and characters that would turn the direction of reading or hide shown as their numbers ("Trojan Source",
CVE-2021-42574).
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

from autograder.review import ReviewItem

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1rem 1.5rem 4rem; color: #1b1b1b; background: #fff; }
h2 { border-top: 2px solid #1b1b1b; margin-top: 3rem; padding-top: .75rem; }
h3 { margin-bottom: .25rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #767676; padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f0f0f0; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
pre { background: #f6f6f6; border: 1px solid #767676; padding: .6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem; }
a { color: #00429d; }
@media print { h2 { break-before: page; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def review_page(course: str, items: Sequence[ReviewItem], *, made_at: str) -> str:
    """Return the page as HTML.

    Args:
        made_at: the time that it says it was made at.
    """
    waiting = [each for each in items if each.manual_score is None]
    title = f"To be decided by a person: {_text(course)}"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>",
        f"<p>Made at {_text(made_at)}. {len(waiting)} to decide, {len(items) - len(waiting)} decided. This page shows hidden tests: it is for graders only.</p>",
        "<p>Decide by giving the test cell its points in formgrader, as for any answer that is marked by hand. Then the learner’s score stands.</p>",
        _contents(items),
        *(_section(number, each) for number, each in enumerate(items)),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _contents(items: Sequence[ReviewItem]) -> str:
    rows = "\n".join(
        f'<tr><td><a href="#item-{number}">{_text(each.learner)}</a></td><td>{_text(each.assignment)}</td><td>{_text(each.cell)}</td>'
        f"<td>{_state(each)}</td><td>{_text('; '.join(each.review.reasons))}</td></tr>"
        for number, each in enumerate(items)
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Learner", "Assignment", "Test", "State", "Why a person decides"))
    return f"<table>\n<caption>All tests on this page</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _state(item: ReviewItem) -> str:
    return "to decide" if item.manual_score is None else f"decided: {item.manual_score:g} of {item.points_possible:g}"


def _section(number: int, item: ReviewItem) -> str:
    review = item.review
    reasons = "".join(f"<li>{_text(each)}</li>" for each in review.reasons)
    answers = (
        "".join(f"<h4>{_text(name)}</h4>\n{_pre(text)}" for name, text in item.answers) or "<p>No answer cell stands before this test.</p>"
    )
    apart = _result(review.sealed_score, item.points_possible, review.sealed_message)
    together = _result(review.compat_score, item.points_possible, review.compat_message) if review.was_compared else ("not asked", "")
    return f"""<section aria-labelledby="item-{number}">
<h2 id="item-{number}">{_text(item.learner)}: {_text(item.cell)}</h2>
<p>{_text(item.assignment)}, {_text(item.notebook)}.ipynb, {item.points_possible:g} points, {_state(item)}.</p>
<ul>{reasons}</ul>
<table>
<caption>Both results</caption>
<thead><tr><th scope="col">How the test was run</th><th scope="col">Points</th><th scope="col">What it said</th></tr></thead>
<tbody>
<tr><th scope="row">Apart from the learner’s code (sealed)</th><td>{apart[0]}</td><td>{apart[1]}</td></tr>
<tr><th scope="row">In one process with it (compat)</th><td>{together[0]}</td><td>{together[1]}</td></tr>
</tbody>
</table>
<div class="sides">
<div>
<h3>The learner’s answer</h3>
{answers}
</div>
<div>
<h3>The test</h3>
{_pre(item.test)}
</div>
</div>
</section>"""


def _result(score: float | None, possible: float, message: str) -> tuple[str, str]:
    return ("no score" if score is None else f"{score:g} of {possible:g}"), _text(message)


def _pre(text: str) -> str:
    return f'<pre tabindex="0"><code>{_text(text)}</code></pre>'


def _text(text: str) -> str:
    """Return `text` for HTML: escaped, invisible and direction-turning characters as their code points."""
    shown = "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        else f"\\u{ord(character):04x}"
        for character in text
    )
    return html.escape(shown)
