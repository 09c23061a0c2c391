"""Fingerprints of a sequence of tokens by winnowing. Pure.

Source: S. Schleimer, D. S. Wilkerson, A. Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003, section 3 and definition 1. Every run
of `k` tokens (a gram) has a hash; of every `window` grams in a row the smallest hash is kept, of equal ones the rightmost.

Guarantee: what two sequences share in a run of at least `guarantee` = window + k - 1 tokens gives both a fingerprint in common; what is shared in less than k
tokens never does. Known grams (those of the release, which everybody was given) are left out *before* the smallest is chosen, not after, so the
guarantee holds of every window with at least one gram that is not known: which one is chosen depends on nothing outside the window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xD6E8FEB86659FD93)
_KNOWN = np.uint64(2**64 - 1)
"""Stands for a gram that is left out: larger than every hash."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """How fine a likeness is looked for."""

    k: int = 8
    """Tokens in a gram: shorter runs are noise."""
    window: int = 5

    @property
    def guarantee(self) -> int:
        """How many tokens in a row are always found if they are shared."""
        return self.window + self.k - 1


def gram_hashes(words: Sequence[str], back: Sequence[int], k: int) -> Hashes:
    """Return the hash of every run of `k` words, by where it begins; empty if there are less words. The same on every machine.

    Args:
        back: how many words before each the same name stood, 0 for none. What stood before the run does not count.
    """
    count = len(words) - k + 1
    if count < 1:
        return np.empty(0, dtype=np.uint64)
    codes = np.fromiter(map(_code, words), dtype=np.uint64, count=len(words))
    steps = np.fromiter(back, dtype=np.uint64, count=len(words))
    found = np.zeros(count, dtype=np.uint64)
    for offset in range(k):  # a polynomial modulo 2**64, all places at once
        step = steps[offset : offset + count]
        step = np.where(step <= offset, step, np.uint64(0))
        found = found * _FACTOR + codes[offset : offset + count] + step * _STEP
    found ^= found >> np.uint64(31)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(29)
    return np.minimum(found, _KNOWN - np.uint64(1))


def winnow(grams: Hashes, window: int, *, known: Hashes) -> Hashes:
    """Return the fingerprints of a sequence, sorted, each once.

    Args:
        grams: of `gram_hashes`.
        known: the grams that are left out, sorted, each once.
    """
    if not len(grams):
        return grams
    left = np.where(_is_in(grams, known), _KNOWN, grams)
    windows = np.lib.stride_tricks.sliding_window_view(left, min(window, len(left)))
    chosen = np.unique(windows.min(axis=1))
    return chosen[:-1] if chosen[-1] == _KNOWN else chosen


def _is_in(values: Hashes, among: Hashes) -> npt.NDArray[np.bool_]:
    if not len(among):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.equal(among[places], values)


@lru_cache(maxsize=100_000)
def _code(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
