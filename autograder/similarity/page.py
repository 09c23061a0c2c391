"""The page for the person who reads the pairs: side by side, with what matches marked. Pure; one HTML file that needs nothing else and runs nothing.

What matches is underlined and bold besides its colour, so that it can be seen in print and by who sees no colours. All of a learner's is text here, with
unseen characters shown as Python writes them.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from autograder.similarity.comparing import Answer, CellPair, Crowd, LearnerPair
from autograder.similarity.regions import Region, matching_regions
from autograder.similarity.reporting import Likeness, shown_name, shown_place
from courses.visible_text import visible

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem 1rem 4rem; color: #1b1b1b; background: #fff; }
h2 { border-top: 2px solid #1b1b1b; margin-top: 3rem; padding-top: .75rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #767676; padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f0f0f0; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
td.number { text-align: right; white-space: nowrap; }
pre { background: #f6f6f6; border: 1px solid #767676; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 1rem; }
mark { background: #ffe9a8; color: #1b1b1b; font-weight: 600; text-decoration: underline; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0 1rem; }
.note { border-left: .4rem solid #00429d; background: #f3f6fb; padding: .5rem 1rem; }
a { color: #00429d; }
a:focus-visible, pre:focus-visible, .wide:focus-visible { outline: 3px solid #00429d; outline-offset: 2px; }
@media print { section { break-before: page; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_READ_ME = """<div class="note">
<p><strong>A person reads this. Similar is not copied.</strong> Learners who were taught the same way write the same way; small exercises leave room for one answer, and
then everybody’s looks alike. People may also have been allowed to work together: look at what the course says.</p>
<p>This page says where to look, not what happened. It changed no score, and nothing of it left this machine. Before anything follows from a pair, hear both
learners, each for themselves; one of the two may have known nothing.</p>
<p>“Bits” say how unusual it is, in this class, to share what the two share: each one doubles it. They are no probability of guilt. “Shared” is the part of the smaller answer
that both have, and that neither the release nor many others have.</p>
</div>"""


def similarity_page(course: str, found: Sequence[Likeness], *, pairs: int, made_at: str) -> str:
    """Return the page as HTML.

    Args:
        pairs: how many of each assignment are shown, those with the most bits first.
        made_at: the time that it says it was made at.
    """
    title = f"Answers that look alike: {_text(course)}"
    body = "\n".join(_assignment(number, each, pairs) for number, each in enumerate(found))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>Made at {_text(made_at)}. It shows learners’ work: for those who teach the course only.</p>
{_READ_ME}
{body}
</main>
</body>
</html>
"""


def _assignment(number: int, found: Likeness, pairs: int) -> str:
    comparison, shown = found.comparison, found.comparison.pairs[:pairs]
    facts = [
        f"{comparison.answers} answers of {comparison.learners} learners were compared.",
        f"{comparison.too_short} answers hold too little of their own to say anything." if comparison.too_short else "",
        f"{len(comparison.pairs)} pairs share something unusual; the {len(shown)} that share most are shown."
        if shown
        else "No pair shares anything unusual.",
        f"{len(found.unread)} notebooks could not be read and were not compared." if found.unread else "",
    ]
    parts = [f"<h2>{_text(found.assignment)}</h2>\n<p>{' '.join(filter(None, facts))}</p>"]
    if found.unread:
        parts.append("<ul>" + "".join(f"<li>{_text(each)}</li>" for each in found.unread) + "</ul>")
    if shown:
        parts.append(_contents(number, found, shown))
    parts += [_crowd(each) for each in comparison.crowds]
    parts += [_pair(f"pair-{number}-{place}", found, pair) for place, pair in enumerate(shown)]
    return "\n".join(parts)


def _contents(number: int, found: Likeness, shown: Sequence[LearnerPair]) -> str:
    rows = "\n".join(
        f'<tr><td><a href="#pair-{number}-{place}">{_names(each)}</a></td><td class="number">{each.bits:.0f}</td><td class="number">{each.share:.0%}</td>'
        f'<td class="number">{each.shared}</td><td class="number">{len(each.cells)}</td><td>{_status(found, each)}</td></tr>'
        for place, each in enumerate(shown)
    )
    heads = ("Learners", "Bits", "Shared", "Fingerprints", "Cells", "What a person said")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    caption = f"Pairs in {_text(found.assignment)}"
    table = f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<div class="wide" role="region" aria-label="{caption}" tabindex="0">{table}</div>'


def _status(found: Likeness, pair: LearnerPair) -> str:
    mark = found.mark_of(pair)
    if mark is None or mark.status == "none":
        return "nothing yet"
    note = f": {_text(mark.note)}" if mark.note else ""
    return f"{mark.status} by {_text(mark.by)}, {_text(mark.at[:10])}{note}"


def _names(pair: LearnerPair) -> str:
    return f"{_text(shown_name(pair.first))} and {_text(shown_name(pair.second))}"


def _crowd(crowd: Crowd) -> str:
    names = ", ".join(_text(shown_name(each)) for each in crowd.owners)
    return (
        f"<h3>{len(crowd.owners)} learners have the same answer to {_text(shown_place(crowd.place))}</h3>\n"
        "<p>So many that it is counted in no pair. The exercise may leave room for one answer only, or many had one source: a person knows which.</p>\n"
        f"<details><summary>Who, and the answer</summary>\n<p>{names}</p>\n{_pre(crowd.example, ())}\n</details>"
    )


def _pair(name: str, found: Likeness, pair: LearnerPair) -> str:
    cells = "\n".join(_cell(each, found.given(each.place)) for each in pair.cells)
    return f"""<section aria-labelledby="{name}">
<h2 id="{name}">{_text(found.assignment)}: {_names(pair)}</h2>
<p>{pair.bits:.0f} bits, {pair.share:.0%} shared, {pair.shared} fingerprints in {len(pair.cells)} cells. What a person said: {_status(found, pair)}.</p>
{cells}
</section>"""


def _cell(cell: CellPair, released: Sequence[str]) -> str:
    first, second = matching_regions(cell, released)
    same = " The two are the same to the letter." if cell.is_identical else ""
    return f"""<h3>{_text(shown_place(cell.place))}</h3>
<p>{cell.bits:.0f} bits, {cell.share:.0%} shared ({cell.shared} of {cell.smaller} fingerprints).{same}</p>
<div class="sides">
<div>
<h4>{_text(shown_name(cell.first.owner))}</h4>
{_pre(cell.first, first)}
</div>
<div>
<h4>{_text(shown_name(cell.second.owner))}</h4>
{_pre(cell.second, second)}
</div>
</div>"""


def _pre(answer: Answer, regions: Sequence[Region]) -> str:
    pieces, at = list[str](), 0
    for start, end in regions:
        pieces += [_text(answer.text[at:start]), f"<mark>{_text(answer.text[start:end])}</mark>"]
        at = end
    pieces.append(_text(answer.text[at:]))
    return f'<pre tabindex="0"><code>{"".join(pieces)}</code></pre>'


def _text(text: str) -> str:
    return html.escape(visible(text))
