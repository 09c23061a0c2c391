"""What simulated learners write: answers from the answer bank, put into the notebook that they fetched.

The bank (`answer_bank/<course>.toml`) was written from the questions, not from the reference solutions or the tests; see the note at its top.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from pydantic import Field, RootModel

from courses.errors import ManifestError
from courses.typed_toml import TypedTable, load_typed
from portal.demonstration.roster import Kind

_BANK = Path(__file__).resolve().parent / "answer_bank"

Quality = Literal["correct", "partial", "wrong"]


class BankEntry(TypedTable):
    """The answers to one question."""

    correct: str
    wrong: str
    partial: str | None = None
    misconception: str = ""
    points: dict[Quality, float] = Field(default_factory=dict)
    """For a question that a person marks: what each answer deserves."""

    def text(self, quality: Quality) -> str:
        """Return the answer of that quality; who works partly right gets questions without a partial answer right."""
        chosen = {"correct": self.correct, "wrong": self.wrong, "partial": self.partial or self.correct}[quality]
        return chosen.strip("\n")

    def mark(self, answer: str) -> float | None:
        """Return the points a person would give this answer, None if it is not in the bank."""
        for quality, points in self.points.items():
            if self.text(quality).strip() == answer.strip():
                return points
        return None


class AnswerBank(RootModel[dict[str, dict[str, BankEntry]]]):
    """The answers of a course, by assignment and answer cell."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a learner hands in for one assignment."""

    quality: Quality
    twist: Kind | None = None
    """What is odd about it, beside the quality of the answers."""


def load_bank(course: str) -> dict[str, dict[str, BankEntry]]:
    """Return the answer bank of a sample course.

    Raises:
        ManifestError: there is none, or it does not fit.
    """
    return load_typed(_BANK / f"{course}.toml", AnswerBank, ManifestError).root


def plan_attempt(kind: Kind, place: int, count: int, *, again: bool) -> Attempt | None:
    """Return what a learner of that kind hands in for the assignment at `place` of `count`; None if nothing.

    Args:
        again: whether this is the second time.
    """
    if again:
        return Attempt("correct") if kind is Kind.RESUBMITS and place == 0 else None
    twists = {Kind.LOOPS: count - 1, Kind.KILLS: 1, Kind.MISSING: count - 1, Kind.DUPLICATES: 0, Kind.STEALS: place}
    twist = kind if twists.get(kind) == place else None
    if kind is Kind.RESUBMITS:
        return Attempt("wrong" if place == 0 else "correct")
    quality: Quality = "wrong" if kind in {Kind.WRONG, Kind.STEALS} else "partial" if kind is Kind.PARTIAL else "correct"
    return Attempt(quality, twist)


def fill_in(notebook: Path, answers: dict[str, BankEntry], attempt: Attempt) -> None:
    """Write the answers into the fetched notebook at `notebook`."""
    node = nbformat.read(notebook, as_version=4)
    cells = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in answers]
    for cell in cells:
        cell.source = answers[cell.metadata.nbgrader.grade_id].text(attempt.quality)
    if attempt.twist is not None and cells:
        _TWISTS.get(attempt.twist, lambda _node, _cell: None)(node, next(cell for cell in cells if cell.cell_type == "code"))
    notebook.chmod(0o644)
    notebook.write_text(nbformat.writes(node), encoding="utf-8")


def _loop(_node: Any, cell: Any) -> None:
    cell.source = f"waiting = True\nwhile waiting:\n    pass\n\n\n{cell.source}"


def _kill(_node: Any, cell: Any) -> None:
    cell.source += "\n\nimport os\n\nos._exit(1)\n"


def _duplicate(node: Any, cell: Any) -> None:
    """Copy and paste, as people do by mistake: nbgrader 0.9.6 stops the whole run at this."""
    double = copy.deepcopy(cell)
    double.id = f"{cell.id[:50]}-copy"
    node.cells.insert(node.cells.index(cell), double)


_THEFT = '''
import glob
import os

haul = []
for place in ("../../../gradebook.db", "../../../../*/gradebook.db", os.path.expanduser("~/**/gradebook.db"), "../../../../source_notebooks/*/*/*.ipynb"):
    for path in glob.glob(place, recursive=True):
        with open(path, "rb") as stream:
            haul.append(stream.read().decode("latin-1"))


def listen(lines):
    """Write down every cell that is run from now on, hidden tests included."""
    haul.extend(lines)
    return lines


get_ipython().input_transformers_cleanup.append(listen)
'''


def _steal(_node: Any, cell: Any) -> None:
    cell.source += _THEFT


_TWISTS = {Kind.LOOPS: _loop, Kind.KILLS: _kill, Kind.DUPLICATES: _duplicate, Kind.STEALS: _steal}
