"""Pairs that look alike in one assignment, as JSON values for pages: computed by a process of its own, and known by what they were computed from.

`python -m portal.similar_pairs --site SITE --course COURSE --assignment ASSIGNMENT` prints them; the portal starts it (`portal.background_work`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.records import attempts_of, open_records
from autograder.similarity.comparing import Answer, CellPair, ComparingOptions, LearnerPair
from autograder.similarity.regions import Region, matching_regions
from autograder.similarity.reporting import Likeness, Request, shown_name, shown_place
from courses.nbgrader_course import open_course
from courses.release import find_release
from courses.settings import Site, load_site
from courses.visible_text import visible
from issuer.standing import released_root
from portal.similar_work import compare_course

MOST_PAIRS = 100
_LONGEST = 20_000
"""Characters of an answer that are shown."""


def work_digest(site: Site, course: str, assignment: str) -> str:
    """Return the SHA-256 over what a comparison rests on: the release, and all that was handed in."""
    root = released_root(site, course)
    release = find_release(root)
    with open_records(open_course(root)) as session:
        attempts = [[each.learner, each.digest, each.refusal] for group in attempts_of(session, assignment).values() for each in group]
    told = [release.content_hash if release else "", assignment, sorted(attempts)]
    return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()


def pairs_as_json(found: Likeness) -> dict[str, Any]:
    """Return the pairs, those with the most bits first, with both answers in pieces: text, and whether it matches."""
    comparison = found.comparison
    return {
        "assignment": found.assignment,
        "learners": comparison.learners,
        "answers": comparison.answers,
        "too_short": comparison.too_short,
        "unread": [visible(each) for each in found.unread],
        "pairs_found": len(comparison.pairs),
        "pairs": [_pair(found, each) for each in comparison.pairs[:MOST_PAIRS]],
        "crowds": [
            {"place": shown_place(each.place), "learners": [shown_name(owner) for owner in each.owners]} for each in comparison.crowds
        ],
    }


def _pair(found: Likeness, pair: LearnerPair) -> dict[str, Any]:
    return {
        "learners": [shown_name(pair.first), shown_name(pair.second)],
        "bits": round(pair.bits, 1),
        "share": round(pair.share, 4),
        "cells": [_cell(each, found.given(each.place)) for each in pair.cells],
    }


def _cell(cell: CellPair, released: Sequence[str]) -> dict[str, Any]:
    first, second = matching_regions(cell, released)
    return {
        "place": shown_place(cell.place),
        "bits": round(cell.bits, 1),
        "share": round(cell.share, 4),
        "is_identical": cell.is_identical,
        "first": pieces(cell.first, first),
        "second": pieces(cell.second, second),
    }


def pieces(answer: Answer, regions: Sequence[Region]) -> list[tuple[str, bool]]:
    """Return an answer in pieces: what is shown of it, and whether it matches; not without end."""
    found, at = list[tuple[str, bool]](), 0
    for start, end in (*regions, (len(answer.text), len(answer.text))):
        found += [(answer.text[at:start], False), (answer.text[start:end], True)]
        at = end
    shown, left = list[tuple[str, bool]](), _LONGEST
    for text, is_same in found:
        if text and left > 0:
            shown.append((visible(text[:left]) + ("" if len(text) <= left else "…"), is_same))
            left -= len(text)
    return shown


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pairs of one assignment."""
    parser = argparse.ArgumentParser(prog="python -m portal.similar_pairs")
    for name in ("course", "assignment", "site"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--common", type=float, default=0.1)
    wanted = parser.parse_args(arguments)
    request = Request(options=ComparingOptions(common_share=wanted.common))
    [found] = compare_course(load_site(Path(wanted.site)), wanted.course, (wanted.assignment,), request)
    sys.stdout.write(json.dumps(pairs_as_json(found)))


if __name__ == "__main__":
    main()
