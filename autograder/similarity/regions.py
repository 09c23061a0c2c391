"""Where two answers match: the stretches of text that a reader is shown. Pure.

All grams that both have are marked, not only the few that winnowing keeps, and those of the release are not: what everybody was given is no likeness.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.similarity.comparing import Answer, CellPair, known_grams
from autograder.similarity.tokens import Tokens
from autograder.similarity.winnowing import Hashes

Region = tuple[int, int]
"""From which character to which."""


def matching_regions(pair: CellPair, released: Sequence[str]) -> tuple[tuple[Region, ...], tuple[Region, ...]]:
    """Return the stretches that match, of the first and of the second answer, in order, none touching the next.

    Args:
        released: what everybody was given for this cell.
    """
    first, second = pair.first.grams(), pair.second.grams()
    both = np.setdiff1d(np.intersect1d(first, second), known_grams(released, pair.first))
    return _regions(pair.first, first, both), _regions(pair.second, second, both)


def _regions(answer: Answer, grams: Hashes, both: Hashes) -> tuple[Region, ...]:
    tokens: Tokens = answer.tokens()
    regions: list[Region] = []
    for place in np.flatnonzero(np.isin(grams, both)).tolist():
        start, end = tokens.starts[place], tokens.ends[place + answer.sieve.k - 1]
        if regions and not answer.text[regions[-1][1] : start].strip():  # touching, or overlapping: `start` lies before the end
            regions[-1] = (regions[-1][0], max(regions[-1][1], end))
        else:
            regions.append((start, end))
    return tuple(regions)
