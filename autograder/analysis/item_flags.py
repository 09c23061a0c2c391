"""What is worth a look in an item's numbers: one sentence each, which says what to do.

The bounds are the usual ones of classical test theory (Ebel & Frisbie 1991, chapter 13: discrimination below .20 is poor, below 0 a sign of a mistake). A flag is
a reason to read the item, never a reason to drop it unread: in a course that teaches well, many items are easy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

HARD_BELOW, EASY_ABOVE = 0.20, 0.95
DISCRIMINATES_FROM = 0.20
ALPHA_GAIN = 0.02
"""How much higher alpha has to be without the item."""
FLAG_COLUMNS = ("assignment", "cell", "code", "sentence")


def item_flags(items: pd.DataFrame) -> pd.DataFrame:
    """Return a row a flag, the gravest of each item first; `FLAG_COLUMNS`.

    Args:
        items: as `autograder.analysis.item_analysis.analyse_items` returns them; items that are not shown have no flags but that of missing scores.
    """
    rows = [(item.assignment, item.cell, code, sentence) for item in items.itertuples() for code, sentence in _flags(item)]
    return pd.DataFrame(rows, columns=list(FLAG_COLUMNS))


def _flags(item: object) -> Iterator[tuple[str, str]]:
    facility, rest = _number(item, "facility"), _number(item, "item_rest")
    gain, missing = _number(item, "alpha_if_deleted") - _number(item, "alpha"), _number(item, "missing")
    if rest < 0:
        yield (
            "negative",
            (f"Learners who do well elsewhere do worse here (correlation {rest:.2f}): read its test for a mistake before anything else."),
        )
    if facility < HARD_BELOW:
        yield (
            "hard",
            f"Only {_percent(facility)} of its points were earned: see that the task says all that the test asks, or teach it more.",
        )
    elif facility > EASY_ABOVE:
        yield "easy", f"{_percent(facility)} of its points were earned: keep it if it is meant as a start, or ask for more."
    if 0 <= rest < DISCRIMINATES_FROM and facility <= EASY_ABOVE:
        yield (
            "weak",
            f"It hardly tells strong from weak learners (correlation {rest:.2f}): see whether it can be passed by luck or by rote.",
        )
    if not math.isnan(gain) and gain > ALPHA_GAIN and rest >= 0:
        yield "uneven", f"Without it alpha would rise by {gain:.2f}: see whether it asks for something else than the other items."
    if missing > 0:
        who = "One learner who handed in has" if missing == 1 else f"{missing:g} learners who handed in have"
        yield "missing", f"{who} no decided score here: mark or regrade, then make this report again."


def _number(item: object, name: str) -> float:
    return float(getattr(item, name))


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"
