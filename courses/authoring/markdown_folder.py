"""The notebooks of a course as Markdown in a folder beside the course, for reviewers and their version control; and back.

The folder never lies within the course: what lies there is released, and the Markdown holds the solutions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from courses.authoring.markdown_form import from_markdown, plain, to_markdown
from courses.authoring.nbgrader_cells import notebook_text
from courses.authoring.source_files import read_source, read_text
from courses.catalogue import Course
from courses.errors import NotebookError
from courses.storage import write_atomically

State = Literal["written", "unchanged", "differs", "missing"]
_MAXIMUM_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Page:
    """One notebook and its Markdown."""

    assignment: str
    notebook: Path
    markdown: Path
    state: State = "unchanged"


def write_markdown(course: Course, assignments: Sequence[str], folder: Path) -> list[Page]:
    """Write the notebooks of `assignments` to `folder`/ASSIGNMENT/NOTEBOOK.md; return each with whether it was written.

    Raises:
        NotebookError: a notebook would not come back as it is, or `folder` lies within the course.
        StorageError: the folder cannot be written to.
    """
    result = []
    for page in _pages(course, assignments, folder):
        text = to_markdown(read_source(page.notebook), where=page.notebook.name)
        if _read(page.markdown) != text:
            write_atomically(page.markdown, text)
            page = Page(page.assignment, page.notebook, page.markdown, "written")
        result.append(page)
    return result


def compare_markdown(course: Course, assignments: Sequence[str], folder: Path) -> list[Page]:
    """Return each notebook with whether its Markdown says the same; nothing is written.

    Raises:
        NotebookError: as `write_markdown`.
    """
    result = []
    for page in _pages(course, assignments, folder):
        there = _read(page.markdown)
        same = there == to_markdown(read_source(page.notebook), where=page.notebook.name)
        result.append(
            Page(page.assignment, page.notebook, page.markdown, "missing" if there is None else "unchanged" if same else "differs")
        )
    return result


def read_markdown_back(course: Course, assignments: Sequence[str], folder: Path) -> list[Page]:
    """Write what the Markdown in `folder` says into the course's notebooks; return each with whether it was written.

    All are read before the first is written. What is not changed stays as it is, with its outputs.

    Raises:
        NotebookError: a page cannot be read.
        StorageError: the course cannot be written to.
    """
    pages, texts = list(_pages(course, assignments, folder)), {}
    for page in pages:
        there = _read(page.markdown)
        if there is None:
            continue
        node, before = from_markdown(there, where=page.markdown.name), read_source(page.notebook)
        if plain(node) != plain(before):
            node.metadata = {**before.metadata, **node.metadata}
            texts[page.notebook] = notebook_text(node)
    for notebook, text in texts.items():
        write_atomically(notebook, text)
    states: dict[bool, State] = {True: "written", False: "unchanged"}
    return [
        Page(page.assignment, page.notebook, page.markdown, states[page.notebook in texts]) for page in pages if page.markdown.is_file()
    ]


def _pages(course: Course, assignments: Sequence[str], folder: Path) -> Iterator[Page]:
    if folder.resolve().is_relative_to(course.folder.resolve()):
        raise NotebookError(
            "this lies within the course, and what lies there goes to learners", where=str(folder), remedy="Give a folder outside of it."
        )
    for assignment in assignments:
        for notebook in course.notebooks[assignment]:
            yield Page(assignment, notebook.path, folder / assignment / f"{notebook.name}.md")


def _read(path: Path) -> str | None:
    return read_text(path, _MAXIMUM_BYTES) if path.is_file() else None
