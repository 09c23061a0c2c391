"""How long it takes to compare a class's answers, and whether copies in disguise come before honest answers that look alike.

`python -m benchmarks.similarity [--learners N] [--copies M] [--seed S] [--peer-learners P]`. The peer is `copydetect` where it is installed, else
difflib of the standard library, pair by pair; it gets a smaller class and is reckoned up by the square of the learners, which is how it grows. The machine may
be loaded: processor time counts, and the ratio.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import sys
import time
from collections.abc import Sequence

from autograder.similarity.comparing import Answer, Comparison, compare_answers
from autograder.similarity.tokens import code_tokens, text_tokens
from benchmarks.similar_submissions import RELEASED, Submission, make_class


def main() -> None:
    """Print seconds, recall and false alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer-learners", type=int, default=60)
    wanted = parser.parse_args()
    submissions = make_class(wanted.learners, wanted.copies, seed=wanted.seed)
    started = time.process_time()
    found = compare_answers(answers_of(submissions), released())
    ours = time.process_time() - started
    say(f"{wanted.learners} learners, {found.answers} answers: {ours:.1f} s of processor time, {len(found.pairs)} pairs told")
    _tell_recall(submissions, found)
    name, seconds = _peer_seconds(make_class(wanted.peer_learners, 2, seed=wanted.seed))
    small = make_class(wanted.peer_learners, 2, seed=wanted.seed)
    started = time.process_time()
    compare_answers(answers_of(small), released())
    same = time.process_time() - started
    say(f"{wanted.peer_learners} learners: {name} {seconds:.1f} s, ours {same:.2f} s: {seconds / same:.0f} times ours")
    reckoned = seconds * (wanted.learners / wanted.peer_learners) ** 2
    say(f"{wanted.learners} learners, reckoned: {name} {reckoned:.0f} s: {reckoned / ours:.0f} times ours")


def answers_of(submissions: Sequence[Submission]) -> list[Answer]:
    """Return the submissions' answers as they are compared."""
    return [
        Answer(("", each.learner), "", ("p", cell), "text" if cell == "essay" else "python", text)
        for each in submissions
        for cell, text in each.answers.items()
    ]


def released() -> dict[tuple[str, str], list[str]]:
    """Return what every learner was given."""
    return {("p", cell) if cell else ("", ""): [text] for cell, text in RELEASED.items()}


def _tell_recall(submissions: Sequence[Submission], found: Comparison) -> None:
    ranked = [frozenset((pair.first[1], pair.second[1])) for pair in found.pairs]
    places = {pair: place for place, pair in enumerate(ranked)}
    copied = {frozenset((each.learner, each.copied_from)): len(each.copied) == len(each.answers) for each in submissions if each.copied}
    for words, is_whole in (("all of the answers", True), ("half of the answers", False)):
        of_kind = [places.get(pair, len(ranked)) for pair, whole in copied.items() if whole is is_whole]
        first = {top: sum(place < top for place in of_kind) for top in (len(copied), 2 * len(copied), 5 * len(copied))}
        told = ", ".join(f"{count} in the first {top}" for top, count in first.items())
        say(f"planted copies of {words}: {len(of_kind)}; {told}; {sum(place < len(ranked) for place in of_kind)} told at all")
    honest = sum(pair not in copied for pair in ranked[: len(copied)])
    say(f"honest pairs among the first {len(copied)}: {honest}")


def _peer_seconds(submissions: Sequence[Submission]) -> tuple[str, float]:
    started = time.process_time()
    try:
        from copydetect import CodeFingerprint, compare_files  # type: ignore[import-not-found]
    except ImportError:
        _difflib(submissions)
        return "difflib", time.process_time() - started
    import io

    for cell in submissions[0].answers:
        files = [CodeFingerprint(f"{each.learner}.py", 8, 5, fp=io.StringIO(each.answers[cell])) for each in submissions]
        for one, other in itertools.combinations(files, 2):
            compare_files(one, other)
    return "copydetect", time.process_time() - started


def _difflib(submissions: Sequence[Submission]) -> None:
    for cell in submissions[0].answers:
        read = text_tokens if cell == "essay" else code_tokens
        words = [read(each.answers[cell]).words for each in submissions]
        for one, other in itertools.combinations(words, 2):
            difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
