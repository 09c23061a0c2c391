from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from courses.authoring.importing import Imported, convert, import_notebooks
from courses.authoring.scaffolds import new_course
from courses.catalogue import load_course
from courses.errors import ManifestError, NameRefusedError, NotebookError, UnknownCourseError
from courses.notebook import CellKind, load_notebook
from courses.settings import Site, load_site
from tests.courses.authoring.otter_sources import DATA, rivers
from tests.courses.tiny_site import SETTINGS
from tests.small_course import source_notebook

PLAIN = [
    nbformat.v4.new_markdown_cell("# Squares\n\nSee ![a square](square.png)."),
    nbformat.v4.new_code_cell("import math\nfrom shapes import side"),
    nbformat.v4.new_code_cell("### BEGIN SOLUTION\ndef square(n):\n    return n * n\n### END SOLUTION"),
    nbformat.v4.new_code_cell("assert square(2) == 4", outputs=[nbformat.v4.new_output("stream", text="old")], execution_count=4),
    nbformat.v4.new_code_cell("data = open('data/numbers.txt').read()"),
    nbformat.v4.new_markdown_cell("### BEGIN SOLUTION\nBecause.\n### END SOLUTION"),
    nbformat.v4.new_raw_cell("raw"),
]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    root = tmp_path / "site"
    (root / "source_notebooks").mkdir(parents=True)
    (root / "patunay.toml").write_text(SETTINGS, encoding="utf-8")
    made = load_site(root)
    new_course(made, "geo", title="Geo", assignment="ps1", today=date(2026, 11, 29))
    return made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def write(path: Path, node: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(node), encoding="utf-8")
    return path


def plain(path: Path) -> Path:
    return write(path, nbformat.v4.new_notebook(cells=PLAIN))


def bring(site: Site, *paths: Path, assignment: str = "ps1", **more: Any) -> Imported:
    return import_notebooks(site, paths, "geo", assignment, **more)


def kinds(path: Path) -> list[str]:
    return [cell.kind.value for cell in load_notebook(path).cells]


def told(made: Imported) -> str:
    return "\n".join(f"{each.notebook}|{each.place}|{each.was}|{each.became}|{each.remedy}" for each in made.entries)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_plain_notebook_is_guessed_and_every_guess_is_told(site: Site, source: Path) -> None:
    made = bring(site, plain(source / "squares.ipynb"))
    notebook = load_notebook(made.files[0])
    assert [cell.kind.value for cell in notebook.cells] == ["plain", "read-only", "answer", "test", "plain", "manual", "plain"]
    assert [cell.grade_id for cell in notebook.cells if cell.grade_id] == ["setup", "square", "test_square", "answer_2"]
    assert "cell 4|a cell that asserts|test cell test_square, 1 point|Guessed" in told(made)
    assert "cell 5|a code cell|left as it was" in told(made)
    assert "old" not in made.files[0].read_text(encoding="utf-8")
    assert made.points == 2


def test_an_untouched_scaffold_gives_way_and_its_items_go(site: Site, source: Path) -> None:
    made = bring(site, plain(source / "squares.ipynb"))
    course = load_course(site.courses, "geo")
    assert [path.name for path in sorted((course.folder / "ps1").glob("*.ipynb"))] == ["squares.ipynb"]
    assert [item.cell for item in course.manifest.assessments[0].items] == ["test_square", "answer_2"]
    assert made.assignment == "ps1"


def test_a_scaffold_that_was_changed_stays(site: Site, source: Path) -> None:
    scaffold = site.courses / "geo" / "ps1" / "ps1.ipynb"
    scaffold.write_text(scaffold.read_text(encoding="utf-8").replace("double(2) == 4", "double(3) == 6"), encoding="utf-8")
    bring(site, plain(source / "squares.ipynb"))
    assert scaffold.is_file()
    assert "test_double" in [item.cell for item in load_course(site.courses, "geo").manifest.assessments[0].items]


def test_files_that_a_notebook_names_come_along_and_no_others(site: Site, source: Path) -> None:
    for name, text in {"square.png": "p", "shapes.py": "side = 1", "data/numbers.txt": "1", "secret.txt": "s", "other.ipynb": "{}"}.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    made = bring(site, plain(source / "squares.ipynb"))
    copied = set(everything(site.courses / "geo" / "ps1")) - {"squares.ipynb"}
    assert copied == {"square.png", "shapes.py", "data/numbers.txt"}
    assert "shapes.py|a file beside it|copied|Look that it holds no solution" in told(made)


def test_no_link_and_no_path_that_leads_out_is_followed(site: Site, source: Path) -> None:
    (source.parent / "outside.txt").write_text("outside", encoding="utf-8")
    (source / "square.png").symlink_to(source.parent / "outside.txt")
    (source / "data").symlink_to(source.parent)
    cells = [*PLAIN, nbformat.v4.new_code_cell("open('../outside.txt'); open('/etc/hostname'); open('~/.profile'); open('.hidden')")]
    (source / ".hidden").write_text("h", encoding="utf-8")
    bring(site, write(source / "squares.ipynb", nbformat.v4.new_notebook(cells=cells)))
    assert set(everything(site.courses / "geo" / "ps1")) == {"squares.ipynb"}


def test_files_that_an_otter_source_names_outside_of_its_folder_are_refused_aloud(site: Site, source: Path) -> None:
    (source.parent / "outside.txt").write_text("outside", encoding="utf-8")
    node = rivers()
    node.cells[0].source = "# ASSIGNMENT CONFIG\nfiles:\n    - ../outside.txt\n    - /etc/hostname\n    - missing.csv\n    - rivers.csv"
    (source / "rivers.csv").symlink_to(source.parent / "outside.txt")
    made = bring(site, write(source / "rivers.ipynb", node))
    assert told(made).count("not copied") == 4
    assert set(everything(site.courses / "geo" / "ps1")) == {"rivers.ipynb"}


def test_an_otter_source_comes_with_its_files(site: Site, source: Path) -> None:
    for name, text in DATA.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    made = bring(site, write(source / "rivers.ipynb", rivers()))
    assert set(everything(site.courses / "geo" / "ps1")) == {"rivers.ipynb", *DATA}
    assert made.points == 24


def test_an_nbgrader_notebook_stays_as_it_is(site: Site, source: Path) -> None:
    before = source_notebook()
    made = bring(site, write(source / "p1.ipynb", before))
    after = nbformat.read(made.files[0], as_version=4)
    assert [(cell.id, cell.source, cell.metadata) for cell in after.cells] == [
        (cell.id, cell.source, cell.metadata) for cell in before.cells
    ]


@pytest.mark.parametrize("schema", [0, 1, 2])
def test_older_metadata_is_brought_to_schema_3(site: Site, source: Path, schema: int) -> None:
    node = source_notebook()
    for cell in node.cells:
        cell.metadata["nbgrader"]["schema_version"] = schema
        del cell.metadata["nbgrader"]["task"]
        if schema == 0:
            del cell.metadata["nbgrader"]["schema_version"]
    made = bring(site, write(source / "p1.ipynb", node))
    after = nbformat.read(made.files[0], as_version=4)
    assert {cell.metadata["nbgrader"]["schema_version"] for cell in after.cells} == {3}
    assert kinds(made.files[0]) == ["read-only", "answer", "test", "answer", "test", "manual"]
    assert f"square: metadata of schema {schema}|schema 3" in told(made)


@pytest.mark.parametrize("form", ["md:markdown", "md:myst", "py:percent", "py:light"])
def test_jupytexts_forms_with_nbgraders_metadata_are_read(site: Site, source: Path, form: str) -> None:
    path = source / f"p1.{form.split(':')[0]}"
    node = source_notebook()
    node.metadata["jupytext"] = {"cell_metadata_filter": "all"}
    path.write_text(jupytext.writes(node, fmt=form), encoding="utf-8")
    made = bring(site, path)
    assert kinds(made.files[0]) == ["read-only", "answer", "test", "answer", "test", "manual"]
    sources = [cell.source for cell in nbformat.read(made.files[0], as_version=4).cells]
    assert sources == [cell.source for cell in source_notebook().cells]


TAGGED = """\
# %% [markdown]
# # Cubes

# %% tags=["answer", "id:cube"]
def cube(n):
    ### BEGIN SOLUTION
    return n ** 3
    ### END SOLUTION

# %% tags=["test", "points:2.5", "id:test_cube", "keep-me"]
check(cube)

# %% tags=["read-only"]
limit = 3

# %% [markdown] tags=["manual", "points:4", "id:why"]
# Why?
"""


def test_tags_say_what_a_cell_becomes_so_that_nothing_is_guessed(site: Site, source: Path) -> None:
    path = source / "cubes.py"
    path.write_text(TAGGED, encoding="utf-8")
    made = bring(site, path)
    notebook = load_notebook(made.files[0])
    assert [(cell.kind, cell.grade_id, cell.points) for cell in notebook.cells] == [
        (CellKind.PLAIN, None, None),
        (CellKind.ANSWER, "cube", None),
        (CellKind.TEST, "test_cube", 2.5),
        (CellKind.READ_ONLY, "setup", None),
        (CellKind.MANUAL, "why", 4),
    ]
    assert nbformat.read(made.files[0], as_version=4).cells[2].metadata["tags"] == ["keep-me"]
    assert "Guessed" not in told(made)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ('"answer", "test"', "answer and test"),
        ('"test", "points:-1"', "no number of points"),
        ('"test", "points:nan"', "no number of points"),
    ],
)
def test_tags_that_contradict_each_other_are_refused(source: Path, tags: str, words: str) -> None:
    path = source / "x.py"
    path.write_text(f"# %% tags=[{tags}]\nx = 1\n", encoding="utf-8")
    with pytest.raises(NotebookError, match=words):
        convert(path)


def test_a_new_assignment_takes_the_weight_that_is_said(site: Site, source: Path) -> None:
    path = plain(source / "squares.ipynb")
    before = everything(site.courses)
    with pytest.raises(ManifestError, match="weights sum to 100 already"):
        bring(site, path, assignment="ps2")
    assert everything(site.courses) == before
    bring(site, path, assignment="ps2", weight=25)
    assert [each.weight for each in load_course(site.courses, "geo").manifest.assessments] == [75.0, 25.0]


def test_two_notebooks_of_one_assignment_get_ids_of_their_own(site: Site, source: Path) -> None:
    bring(site, plain(source / "one.ipynb"), plain(source / "two.ipynb"))
    items = [item.cell for item in load_course(site.courses, "geo").manifest.assessments[0].items]
    assert items == ["test_square", "answer_2", "test_square_2", "answer_2_2"]


def test_if_anything_cannot_be_read_nothing_is_written(site: Site, source: Path, tmp_path: Path) -> None:
    before = everything(site.courses)
    good = plain(source / "good.ipynb")
    (source / "bad.ipynb").write_text("{", encoding="utf-8")
    (source / "words.docx").write_text("x", encoding="utf-8")
    (source / "latin.md").write_bytes(b"\xe9\xe8 x")
    os.mkfifo(source / "pipe.md")
    newer = source_notebook()
    newer.cells[0].metadata["nbgrader"]["schema_version"] = 4
    named = source_notebook()
    named.cells[2].metadata["nbgrader"]["points"] = "many"
    wrong = [source / "bad.ipynb", source / "words.docx", source / "latin.md", source / "pipe.md", source / "absent.py", source,
             write(source / "newer.ipynb", newer), write(source / "named.ipynb", named)]  # fmt: skip
    for path in wrong:
        with pytest.raises(NotebookError):
            bring(site, good, path)
    with pytest.raises(NotebookError, match="name already"):
        bring(site, good, plain(tmp_path / "elsewhere" / "good.ipynb"))
    with pytest.raises(UnknownCourseError, match="no course called"):
        import_notebooks(site, [good], "gone", "ps1")
    with pytest.raises(NameRefusedError, match="cannot be the name"):
        bring(site, good, assignment="../ps1")
    assert everything(site.courses) == before


def test_what_was_brought_is_never_overwritten(site: Site, source: Path) -> None:
    path = plain(source / "squares.ipynb")
    bring(site, path)
    before = everything(site.courses)
    with pytest.raises(NotebookError, match="name already"):
        bring(site, path)
    assert everything(site.courses) == before
