"""Finds the pairs of learners whose answers share what others do not have. Pure: answers in, ranked pairs out.

An inverted index leads from each fingerprint to who has it, so that only answers that share something are ever looked at together. What the release gave to
everybody is subtracted; what more than a share of the learners wrote is common and counts nothing. What is left is weighed: a shared fingerprint is worth
log2(learners / who have it) bits (the weight of K. Spärck Jones 1972), and fingerprints that the very same learners have are one observation and count once:
who took the same rare way has many of them, and that is one likeness, not many. Pairs are ranked by their bits, not by their share: of two short answers
that are alike almost nothing follows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from autograder.similarity.tokens import Tokens, code_tokens, text_tokens
from autograder.similarity.winnowing import Hashes, Sieve, gram_hashes, winnow

CODE_SIEVE = Sieve(k=8, window=5)
TEXT_SIEVE = Sieve(k=5, window=4)
ADDED = "(cells that the learner added)"
"""Stands for a cell's name where there is none."""

Place = tuple[str, str]
"""A notebook's name and a cell's."""
Owner = tuple[str, str]
"""An earlier cohort's name (empty for this one) and a learner's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody wrote into one cell in one attempt."""

    owner: Owner
    attempt: str
    """The attempt's SHA-256."""
    place: Place
    kind: Literal["python", "code", "text"]
    text: str

    def tokens(self) -> Tokens:
        """Return the answer's normalised tokens."""
        return text_tokens(self.text) if self.kind == "text" else code_tokens(self.text, is_python=self.kind == "python")

    def grams(self) -> Hashes:
        """Return the hashes of the answer's grams, by the token where each begins."""
        tokens = self.tokens()
        return gram_hashes(tokens.words, tokens.back, self.sieve.k)

    @property
    def sieve(self) -> Sieve:
        """How fine the answer is looked through."""
        return TEXT_SIEVE if self.kind == "text" else CODE_SIEVE


@dataclass(frozen=True, slots=True)
class ComparingOptions:
    """What counts as alike."""

    common_share: float = 0.1
    """A fingerprint of more than this share of the learners is common. With few learners, one that four have is not."""
    minimum_bits: float | None = None
    """Pairs below are not told. None: log2(learners / 2), which is one thing that the two share and nobody else has, or as much in parts."""

    def common_above(self, learners: int) -> int:
        """Return how many may have a fingerprint before it is common; never more than 300, so that the work does not grow with the square of the learners."""
        return min(max(4, int(self.common_share * learners)), 300)


@dataclass(frozen=True, slots=True)
class CellPair:
    """What two learners share in one cell."""

    place: Place
    first: Answer
    second: Answer
    shared: int
    """Fingerprints that both have and that are not common."""
    smaller: int
    """Fingerprints of the answer that has fewer, common ones too, those of the release not."""
    bits: float

    @property
    def share(self) -> float:
        """How much of the smaller answer is shared and uncommon, 0 to 1."""
        return self.shared / self.smaller if self.smaller else 0.0

    @property
    def is_identical(self) -> bool:
        """Whether the two are the same to the letter, but for space at the ends of lines."""
        return _lines(self.first.text) == _lines(self.second.text)


@dataclass(frozen=True, slots=True)
class LearnerPair:
    """What two learners share in an assignment."""

    first: Owner
    second: Owner
    cells: tuple[CellPair, ...]
    """The most bits first."""

    @property
    def bits(self) -> float:
        """Those of all cells."""
        return math.fsum(each.bits for each in self.cells)

    @property
    def shared(self) -> int:
        """Fingerprints, of all cells."""
        return sum(each.shared for each in self.cells)

    @property
    def share(self) -> float:
        """Of the cells that share something: how much of the smaller answers is shared, 0 to 1."""
        smaller = sum(each.smaller for each in self.cells)
        return self.shared / smaller if smaller else 0.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """One normalised answer that more learners have than may: too common for pairs, and perhaps one source."""

    place: Place
    owners: tuple[Owner, ...]
    tokens: int
    example: Answer


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found in one assignment."""

    learners: int
    """Whose answers were compared, earlier cohorts too."""
    answers: int
    too_short: int
    """Answers without a single gram of their own: nothing can be said of them."""
    pairs: tuple[LearnerPair, ...]
    """The most bits first."""
    crowds: tuple[Crowd, ...]


@dataclass(slots=True)
class _Cell:
    """The answers at one place."""

    answers: list[Answer] = field(default_factory=list)
    prints: list[Hashes] = field(default_factory=list)
    forms: list[tuple[str, ...]] = field(default_factory=list)


def compare_answers(
    answers: Iterable[Answer], released: Mapping[Place, Sequence[str]], options: ComparingOptions = ComparingOptions()
) -> Comparison:
    """Return the pairs of learners that share something uncommon.

    Args:
        released: what everybody was given, by place; under `("", "")` what belongs to every place.
    """
    cells, too_short, count = _read(answers, released)
    owners = sorted({each.owner for cell in cells.values() for each in cell.answers})
    limit = options.common_above(len(owners))
    found: dict[tuple[Owner, Owner], list[CellPair]] = {}
    crowds: list[Crowd] = []
    for place, cell in sorted(cells.items()):
        crowds += _crowds(place, cell, limit)
        for pair in _cell_pairs(place, cell, len(owners), limit):
            found.setdefault((pair.first.owner, pair.second.owner), []).append(pair)
    pairs = [LearnerPair(a, b, tuple(sorted(of, key=lambda each: (-each.bits, -each.shared, each.place)))) for (a, b), of in found.items()]
    least = math.log2(max(2, len(owners)) / 2) if options.minimum_bits is None else options.minimum_bits
    told = sorted((each for each in pairs if each.bits >= least - 1e-6), key=_rank)
    return Comparison(len(owners), count, too_short, tuple(told), tuple(crowds))


def _rank(pair: LearnerPair) -> tuple[float, int, Owner, Owner]:
    return -round(pair.bits, 6), -pair.shared, pair.first, pair.second


def _read(answers: Iterable[Answer], released: Mapping[Place, Sequence[str]]) -> tuple[dict[Place, _Cell], int, int]:
    """Return the cells with their fingerprints, how many answers were too short for any, and how many there were."""
    cells: dict[Place, _Cell] = {}
    known: dict[tuple[Place, str], Hashes] = {}
    done: dict[tuple[Place, str, str], tuple[Hashes, tuple[str, ...]]] = {}
    too_short = count = 0
    for each in answers:
        count += 1
        key = (each.place, each.kind, each.text)
        if key not in done:
            if key[:2] not in known:
                known[key[:2]] = known_grams([*released.get(("", ""), ()), *released.get(each.place, ())], each)
            done[key] = winnow(each.grams(), each.sieve.window, known=known[key[:2]]), each.tokens().words
        prints, words = done[key]
        too_short += not len(prints)
        if len(prints):
            cell = cells.setdefault(each.place, _Cell())
            cell.answers.append(each)
            cell.prints.append(prints)
            cell.forms.append(words)
    return cells, too_short, count


def known_grams(texts: Sequence[str], like: Answer) -> Hashes:
    """Return the grams of released texts, read as the answer `like` is, sorted."""
    grams = [replace(like, text=text).grams() for text in texts]
    return np.unique(np.concatenate(grams)) if grams else np.empty(0, dtype=np.uint64)


def _crowds(place: Place, cell: _Cell, limit: int) -> list[Crowd]:
    by_form: dict[tuple[str, ...], list[int]] = {}
    for index, form in enumerate(cell.forms):
        by_form.setdefault(form, []).append(index)
    crowds = []
    for form, indices in by_form.items():
        owners = tuple(sorted({cell.answers[index].owner for index in indices}))
        if len(owners) > limit and len(form) >= cell.answers[indices[0]].sieve.guarantee:
            crowds.append(Crowd(place, owners, len(form), cell.answers[indices[0]]))
    return sorted(crowds, key=lambda each: -each.tokens)


def _cell_pairs(place: Place, cell: _Cell, learners: int, limit: int) -> list[CellPair]:
    """Return the pairs that share an uncommon fingerprint at `place`; of two learners' attempts the two that share most."""
    names = sorted({each.owner for each in cell.answers})
    numbers = {name: number for number, name in enumerate(names)}
    of_owner: list[list[int]] = [[] for _ in names]
    for index, each in enumerate(cell.answers):
        of_owner[numbers[each.owner]].append(index)
    prints = [np.unique(np.concatenate([cell.prints[index] for index in indices])) for indices in of_owner]
    first, second, shared, bits = _shared(prints, learners, limit)
    pairs = []
    for a, b, count, weight in zip(first.tolist(), second.tolist(), shared.tolist(), bits.tolist(), strict=True):
        if names[a][0] and names[b][0]:  # both of earlier cohorts: not ours to look at
            continue
        one, other = _closest(cell, of_owner[a], of_owner[b])
        smaller = min(len(cell.prints[one]), len(cell.prints[other]))
        pairs.append(CellPair(place, cell.answers[one], cell.answers[other], min(count, smaller), smaller, weight))
    return pairs


def _closest(cell: _Cell, first: list[int], second: list[int]) -> tuple[int, int]:
    if len(first) == len(second) == 1:
        return first[0], second[0]
    both = [(a, b) for a in first for b in second]
    return max(both, key=lambda pair: len(np.intersect1d(cell.prints[pair[0]], cell.prints[pair[1]], assume_unique=True)))


_Ints = npt.NDArray[np.int64]


def _shared(prints: Sequence[Hashes], learners: int, limit: int) -> tuple[_Ints, _Ints, _Ints, npt.NDArray[np.float64]]:
    """Return who shares with whom, how many uncommon fingerprints, and their bits; by the first and the second's number."""
    owner = np.repeat(np.arange(len(prints), dtype=np.int64), [len(each) for each in prints])
    every = np.concatenate([*prints, np.empty(0, dtype=np.uint64)])
    order = np.argsort(every, kind="stable")  # owners of one fingerprint stay in their order
    every, owner = every[order], owner[order]
    begins = np.flatnonzero(np.concatenate(([True], every[1:] != every[:-1]))) if len(every) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.append(begins, len(every)))
    keys: _Ints = np.empty(0, np.int64)
    counts: _Ints = np.empty(0, np.int64)
    weights: npt.NDArray[np.float64] = np.empty(0, np.float64)
    for size in range(2, limit + 1):
        of_size = begins[sizes == size]
        if not len(of_size):
            continue
        row, column = np.triu_indices(size, 1)
        groups, times = np.unique(owner[of_size[:, None] + np.arange(size)], axis=0, return_counts=True)
        new: _Ints = (groups[:, row] * len(prints) + groups[:, column]).ravel()
        merged, where = np.unique(np.concatenate((keys, new)), return_inverse=True)
        counts = np.bincount(where, np.concatenate((counts, np.repeat(times, len(row)))), len(merged)).astype(np.int64)
        more = np.full(len(new), math.log2(learners / size))
        weights = np.bincount(where, np.concatenate((weights, more)), len(merged)).astype(np.float64)
        keys = merged
    return keys // max(1, len(prints)), keys % max(1, len(prints)), counts, weights


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
