from __future__ import annotations

import inspect
import pickle

import pytest

import autograder.errors
import courses.errors
from courses.errors import DiagnosedError, StorageError
from courses.safe_copy import CopyRefusedError

_KINDS = [
    kind
    for module in (courses.errors, autograder.errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception)
]


def test_an_error_says_where_what_and_what_to_do() -> None:
    error = StorageError("the disk is full", where="grading.db", remedy="Free some space.")
    assert str(error) == "grading.db: the disk is full\nFree some space."
    assert (error.problem, error.where, error.remedy) == ("the disk is full", "grading.db", "Free some space.")


def test_an_error_leaves_out_what_it_does_not_have() -> None:
    assert str(StorageError("the disk is full")) == "the disk is full"
    assert str(StorageError("the disk is full", where="x")) == "x: the disk is full"


@pytest.mark.parametrize("kind", [*_KINDS, CopyRefusedError])
def test_every_error_crosses_a_process_boundary_whole(kind: type[DiagnosedError]) -> None:
    error = kind("problem", where="place", remedy="remedy")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.problem, again.where, again.remedy, str(again)) == ("problem", "place", "remedy", str(error))


@pytest.mark.parametrize("module", [courses.errors, autograder.errors])
def test_the_tree_at_the_top_of_the_file_names_every_error_and_no_other(module: object) -> None:
    lines = [line.strip("│ ") for line in str(module.__doc__).splitlines()]
    drawn = {line.split()[1] for line in lines if line.startswith(("├", "└"))}
    defined = {
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and kind is not DiagnosedError  # type: ignore[attr-defined]  # a module
    }
    assert drawn == defined


@pytest.mark.parametrize("kind", _KINDS)
def test_every_error_is_a_diagnosed_error_whose_name_ends_in_error(kind: type[Exception]) -> None:
    assert issubclass(kind, DiagnosedError)
    assert kind.__name__.endswith("Error")
    assert kind.__doc__
