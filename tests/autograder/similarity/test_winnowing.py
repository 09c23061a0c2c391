"""Winnowing keeps its guarantee; tokens do not change with what a copier changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.similarity.tokens import NAME, code_tokens, text_tokens
from autograder.similarity.winnowing import Hashes, Sieve, gram_hashes, winnow

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=40)
NOTHING: Hashes = np.empty(0, dtype=np.uint64)


def prints(words: list[str], sieve: Sieve, known: Hashes = NOTHING) -> set[int]:
    return set(winnow(gram_hashes(words, [0] * len(words), sieve.k), sieve.window, known=known).tolist())


@given(WORDS, WORDS, WORDS, WORDS, st.integers(1, 6), st.integers(1, 6), st.data())
def test_whatever_is_shared_in_as_many_tokens_as_guaranteed_gives_a_common_fingerprint(
    one: list[str], two: list[str], three: list[str], four: list[str], k: int, window: int, data: st.DataObject
) -> None:
    sieve = Sieve(k, window)
    run = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=sieve.guarantee, max_size=sieve.guarantee + 5))
    assert prints(one + run + two, sieve) & prints(three + run + four, sieve)


@given(WORDS, WORDS, st.integers(2, 6), st.integers(1, 6))
def test_what_shares_no_gram_shares_no_fingerprint(one: list[str], two: list[str], k: int, window: int) -> None:
    grams = [{tuple(words[at : at + k]) for at in range(len(words) - k + 1)} for words in (one, two)]
    shared = prints(one, Sieve(k, window)) & prints(two, Sieve(k, window))
    assert not shared or grams[0] & grams[1]


@given(WORDS, WORDS, WORDS, st.integers(1, 5), st.integers(1, 5), st.data())
def test_the_guarantee_holds_beside_what_everybody_was_given(
    one: list[str], two: list[str], given_to_all: list[str], k: int, window: int, data: st.DataObject
) -> None:
    sieve = Sieve(k, window)
    known = np.unique(gram_hashes(given_to_all, [0] * len(given_to_all), k))
    run = data.draw(st.lists(st.sampled_from("ABCDEFGH"), min_size=sieve.guarantee, max_size=sieve.guarantee + 5))
    common = prints(one + run, sieve, known) & prints(run + two, sieve, known)
    assert common
    assert not common & set(known.tolist())
    assert not prints(given_to_all, sieve, known)


@given(st.lists(st.sampled_from(["x", "y", "z", "if", "+"]), min_size=8, max_size=30), st.permutations(["x", "y", "z"]))
def test_other_names_give_the_same_grams_and_mixed_up_names_do_not(words: list[str], names: list[str]) -> None:
    new = dict(zip(("x", "y", "z"), names, strict=True))
    renamed = code_tokens(" ".join(new.get(word, word) for word in words))
    original = code_tokens(" ".join(words))
    assert (original.words, original.back) == (renamed.words, renamed.back)
    one, other = code_tokens("a = b + a * a"), code_tokens("a = b + b * a")
    assert gram_hashes(one.words, one.back, 7).tolist() != gram_hashes(other.words, other.back, 7).tolist()


def test_comments_docstrings_layout_values_and_magics_do_not_matter() -> None:
    plain = 'def f(a):\n    return [x + 1 for x in a if x != "p"]\n'
    dressed = '%matplotlib inline\n# mine\ndef f( values ):\n    """Say\n    much."""\n\n    return [ each+22 for each in values\n       if each != r\'q\' ]  # done\n'
    assert code_tokens(plain).words == code_tokens(dressed).words
    assert code_tokens(plain).words[:3] == ("def", NAME, "(")


def test_methods_builtins_and_keywords_stay() -> None:
    assert code_tokens("len(df.groupby(k))").words == ("len", "(", NAME, ".", "groupby", "(", NAME, ")", ")")


@pytest.mark.parametrize("path", sorted(Path(os.__file__).parent.glob("[ad]*.py")), ids=lambda path: path.name)
def test_read_leniently_python_gives_the_same_tokens(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    assert code_tokens(text) == code_tokens(text, is_python=False)


@given(st.text(max_size=200))
def test_whatever_a_learner_writes_is_read_and_its_tokens_lie_in_it(text: str) -> None:
    for tokens in (code_tokens(text), code_tokens(text, is_python=False), text_tokens(text)):
        assert all(0 <= start < end <= len(text) for start, end in zip(tokens.starts, tokens.ends, strict=True))
        assert list(tokens.starts) == sorted(tokens.starts)
        assert len(tokens.words) == len(tokens.back) == len(tokens.starts)


def test_a_spoilt_line_does_not_hide_the_rest() -> None:
    good = "total = 0\nfor value in numbers:\n    total += value * 2\nprint(total / len(numbers))\n"
    assert set(prints_of(good)) <= set(prints_of(good + "oh (('no\n"))


def prints_of(text: str) -> list[int]:
    tokens = code_tokens(text)
    return [int(each) for each in gram_hashes(tokens.words, tokens.back, 8)]


def test_words_are_compared_without_capitals_accents_and_punctuation() -> None:
    assert text_tokens("Señor, the MEDIAN!").words == ("senor", "the", "median")


@pytest.mark.slow
def test_hashes_are_the_same_in_every_process() -> None:
    script = "from tests.autograder.similarity.test_winnowing import prints_of; import json; print(json.dumps(prints_of('a = b + c * d - e / f')))"
    found = {hashlib.sha256(json.dumps(json.loads(_run(script, seed))).encode()).hexdigest() for seed in ("1", "2")}
    assert len(found) == 1


def _run(script: str, seed: str) -> str:
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment).stdout
