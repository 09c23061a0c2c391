"""Pairs: copies in disguise come first, what is given or common counts nothing, the page shows where."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import SimilarityError
from autograder.similarity.comparing import Answer, ComparingOptions, Comparison, compare_answers
from autograder.similarity.marks import FILE_NAME, add_mark, load_marks, new_mark, standing_marks
from autograder.similarity.regions import matching_regions
from benchmarks.similar_submissions import RELEASED, make_class
from courses.errors import DiagnosedError

COUNTING = """counts = {}
for word in text.split():
    counts[word] = counts.get(word, 0) + 1
best = max(counts, key=counts.get)
while len(counts) > 3:
    counts.pop(min(counts, key=counts.get))
"""
COPY = """# my own idea
d = dict()
tally = {}
for w in text.split():
    tally[w] = tally.get(w, 0) + 1
winner = max(tally, key=tally.get)
while len(tally) > 5:   # keep five
    tally.pop(min(tally, key=tally.get))
"""


def python(learner: str, text: str, cell: str = "answer", cohort: str = "") -> Answer:
    return Answer((cohort, learner), "0" * 64, ("p1", cell), "python", text)


def pairs(found: Comparison) -> list[tuple[str, str]]:
    return [(each.first[1], each.second[1]) for each in found.pairs]


def others(count: int) -> list[Answer]:
    """Return answers that share nothing with any other."""
    words = [f"{letter}{number}" for number in range(count) for letter in "abcdef"]
    return [python(f"other{number}", "x = data." + "().".join(words[6 * number : 6 * number + 6])) for number in range(count)]


def test_a_copy_with_other_names_comments_and_values_is_found_and_marked() -> None:
    found = compare_answers([python("ana", COUNTING), python("ben", COPY), *others(6)], {}, ComparingOptions(minimum_bits=0))
    (pair,) = found.pairs
    assert pairs(found) == [("ana", "ben")]
    assert pair.share > 0.8
    (cell,) = pair.cells
    first, second = matching_regions(cell, ())
    assert "counts.get(word, 0)" in "".join(COUNTING[start:end] for start, end in first)
    shown = "".join(COPY[start:end] for start, end in second)
    assert "tally.get(w, 0)" in shown
    assert "my own idea" not in shown


def test_what_everybody_was_given_is_no_likeness() -> None:
    mine = "\nresult = clean(table)\nprint(result)\n"
    answers = [python("ana", COUNTING), python("ben", COUNTING + mine), *others(6)]
    assert compare_answers(answers, {}, ComparingOptions(minimum_bits=0)).pairs
    for place in (("", ""), ("p1", "answer")):
        found = compare_answers(answers, {place: [COUNTING]}, ComparingOptions(minimum_bits=0))
        assert not found.pairs
        assert found.too_short == 1, "ana wrote nothing of her own"


def test_what_many_wrote_is_told_as_a_crowd_and_counts_in_no_pair() -> None:
    many = [python(f"same{number}", COUNTING) for number in range(6)]
    found = compare_answers([*many, *others(30)], {}, ComparingOptions(minimum_bits=0))
    assert not found.pairs
    (crowd,) = found.crowds
    assert [owner[1] for owner in crowd.owners] == [f"same{number}" for number in range(6)]


def test_answers_to_different_cells_are_not_compared() -> None:
    assert not compare_answers([python("ana", COUNTING, "one"), python("ben", COUNTING, "two")], {}, ComparingOptions(minimum_bits=0)).pairs


def test_of_earlier_classes_only_pairs_with_this_one_are_told() -> None:
    answers = [python("ana", COUNTING), python("old", COPY, cohort="2025"), python("older", COPY, cohort="2024"), *others(8)]
    assert [(each.first, each.second) for each in compare_answers(answers, {}, ComparingOptions(minimum_bits=0)).pairs] == [
        (("", "ana"), ("2024", "older")),
        (("", "ana"), ("2025", "old")),
    ]


def test_several_attempts_of_one_learner_are_no_pair_and_weigh_as_one_learner() -> None:
    answers = [python("ana", COUNTING), python("ana", COUNTING + "print(best)"), python("ben", COPY), *others(6)]
    found = compare_answers(answers, {}, ComparingOptions(minimum_bits=0))
    assert pairs(found) == [("ana", "ben")]
    assert found.pairs[0].bits == compare_answers([answers[0], *answers[2:]], {}, ComparingOptions(minimum_bits=0)).pairs[0].bits


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(8)))
def test_the_order_of_answers_does_not_matter(order: list[int]) -> None:
    answers = [python("ana", COUNTING), python("ben", COPY), *others(6)]
    assert compare_answers([answers[place] for place in order], {}) == compare_answers(answers, {})


@pytest.mark.slow
def test_in_a_class_with_small_exercises_whole_copies_come_before_honest_likeness() -> None:
    submissions = make_class(120, 8, seed=3)
    answers = [
        Answer(("", each.learner), "", ("p", cell), "text" if cell == "essay" else "python", text)
        for each in submissions
        for cell, text in each.answers.items()
    ]
    released = {("p", cell) if cell else ("", ""): [text] for cell, text in RELEASED.items()}
    ranked = [frozenset(pair) for pair in pairs(compare_answers(answers, released))]
    whole = [frozenset((each.learner, each.copied_from)) for each in submissions if len(each.copied) == len(each.answers)]
    assert len(whole) == 4
    assert sum(pair in ranked[:12] for pair in whole) >= 3, [ranked.index(pair) for pair in whole]


def test_marks_are_added_never_changed_and_the_last_one_stands(tmp_path: Path) -> None:
    now = datetime(2026, 11, 29, tzinfo=UTC)
    add_mark(tmp_path, new_mark("ps1", ("ben", "ana"), "noted", by="M. Reyes", note="", now=now))
    add_mark(tmp_path, new_mark("ps1", ("ana", "ben"), "referred", by="M. Reyes", note="heard both", now=now))
    with (tmp_path / FILE_NAME).open("ab") as stream:
        stream.write(b'{"assignment": "ps1", "lear')  # a crash
    add_mark(tmp_path, new_mark("ps2", ("ana", "ben"), "none", by="A. Cruz", note="", now=now))
    marks = load_marks(tmp_path)
    assert [each.status for each in marks] == ["noted", "referred", "none"]
    assert standing_marks(marks, "ps1")["ana", "ben"].note == "heard both"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "guilty"}, "no status"),
        ({"pair": ("ana", "ana")}, "two different"),
        ({"by": " "}, "name"),
        ({"status": "referred", "note": ""}, "without a reason"),
    ],
)
def test_a_mark_that_says_too_little_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    values: dict[str, object] = {"status": "noted", "pair": ("ana", "ben"), "by": "M. Reyes", "note": "", **change}
    pair, status = values.pop("pair"), values.pop("status")
    mark = new_mark("ps1", pair, status, now=datetime(2026, 11, 29, tzinfo=UTC), **values)  # type: ignore[arg-type]
    with pytest.raises(SimilarityError, match=words):
        add_mark(tmp_path, mark)
    assert not (tmp_path / FILE_NAME).exists()


def test_a_changed_file_of_marks_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"assignment": "ps1"}\n', encoding="utf-8")
    with pytest.raises(DiagnosedError, match="no mark"):
        load_marks(tmp_path)
