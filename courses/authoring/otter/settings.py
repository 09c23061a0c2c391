"""What otter's settings become: a line of the report for each that does not simply hold on."""

from __future__ import annotations

from typing import Any

from courses.authoring.import_report import Notes
from courses.authoring.otter.questions import Question

_ASSIGNMENT = {
    "requirements": ("not read", "Install what the notebooks import where they are graded; `patunay check` names what is missing (N10)."),
    "environment": ("not read", "Install what the notebooks import where they are graded; `patunay check` names what is missing (N10)."),
    "seed": ("left out: nbgrader sets no seeds", "If a test rests on random numbers, set the seed in a cell before."),
    "plugins": ("left out", "nbgrader has no plugins: write what they did by hand."),
    "python_version": ("left out: Patunay grades with its own Python", ""),
    "show_question_points": ("left out: nbgrader shows the points in each cell", ""),
    "autograder_files": ("copied like the others: learners get them too", "Take out what learners must not see."),
    "student_files": ("not copied: learners make them", ""),
    "runs_on": ("left out", "Learners work in JupyterLab."),
}
_QUIET = {"name", "files", "config_file", "strip_solutions_from_all_cells", "tests"}
"""What is heeded, or said elsewhere."""
_WITHOUT_NEED = "left out: nbgrader and Patunay have their own ways"
_OF_QUESTION = {"name", "points", "manual", "all_or_nothing"}


def note_assignment(settings: dict[str, Any], notes: Notes) -> None:
    """Add a line for each setting of the assignment that is not heeded."""
    for key, value in settings.items():
        if key not in _QUIET and value not in (None, False, [], {}):
            became, remedy = _ASSIGNMENT.get(key, (_WITHOUT_NEED, ""))
            notes.add(f"setting {key}", _short(value), became, remedy)


def note_question(question: Question, notes: Notes) -> None:
    """Add a line for the settings of a question that are not heeded."""
    lost = sorted(key for key, value in question.settings.items() if key not in _OF_QUESTION and value not in (None, False))
    if lost:
        notes.add(question.number, f"{', '.join(lost)} of {question.name}", _WITHOUT_NEED)


def files_named(settings: dict[str, Any]) -> tuple[str, ...]:
    """Return the files that the settings name, relative to the source's folder."""
    named = [*_texts(settings.get("files")), *_texts(settings.get("autograder_files"))]
    return tuple(dict.fromkeys(named))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
