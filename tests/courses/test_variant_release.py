"""A release with variants: the key, the pools, and the learner version that stock nbgrader hands out."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from courses.catalogue import load_course
from courses.errors import StorageError
from courses.release import find_release
from courses.settings import Site
from courses.variant_release import find_pool, load_or_make_key, module_text, write_pools
from courses.variants import VariantPool, Variants, draw_pool
from tests.varied_site import (
    ASSIGNMENT,
    COURSE,
    NOTEBOOK,
    cell_of,
    learner_version,
    make_varied_site,
    manifest_text,
    release,
    varied_notebook,
    write_course,
)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = load_or_make_key(tmp_path / "course")
    assert len(key) == 32
    assert load_or_make_key(tmp_path / "course") == key
    assert load_or_make_key(tmp_path / "other") != key
    assert stat.S_IMODE((tmp_path / "course" / "variant-key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "course").iterdir()] == ["variant-key"]


def test_a_damaged_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "variant-key").write_text("zz", encoding="ascii")
    with pytest.raises(StorageError, match="no key of variants"):
        load_or_make_key(tmp_path)


def pool_of(site: Site) -> VariantPool:
    pool = find_pool(site.course_root(COURSE), ASSIGNMENT)
    assert pool is not None
    return pool


def run_cell(folder: Path, text: str, *, name: str | None = None) -> str:
    """Run the parameters cell in a learner's folder, as the user of this process or as `jovyan`, whom the hub calls `name`."""
    as_jovyan = "import pwd\npwd.getpwuid = lambda _uid: ('jovyan',)\n" if name else ""
    environment = {**os.environ, **({"JUPYTERHUB_USER": name} if name else {})}
    done = subprocess.run(
        [sys.executable, "-c", f"{as_jovyan}{text}"], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("name", ["anna", "beñ", "learner with 'quotes'"])
def test_the_module_finds_the_row_that_grading_finds(tmp_path: Path, name: str) -> None:
    table = '{"drawn": {"n": {"integer": [1, 1000000]}, "text": {"choice": ["ñ\\n\'\\"{}", "b", [1, [2, 3.5]]]}}}'
    pool = draw_pool(Variants.model_validate_json(table), "a", b"k" * 32, {"p1": "values"})
    (tmp_path / "my_variant.py").write_text(module_text(pool), encoding="utf-8")
    values = pool.values_of(name)
    told = run_cell(tmp_path, "from my_variant import mine\nprint(mine)\nprint(mine['n'])", name=name)
    assert told.splitlines()[0].startswith(f"Your values, for {name}: n = {values['n']}, text = ")
    assert told.splitlines()[-1] == str(values["n"])


@pytest.mark.slow
def test_what_stock_nbgrader_fetches_gives_each_learner_their_values(tmp_path: Path) -> None:
    site = make_varied_site(tmp_path / "site")
    course = release(site)
    pool, node = pool_of(site), learner_version(course)
    cell = cell_of(node, "values")
    assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
    home = tmp_path / "home"
    home.mkdir()
    fetch = [sys.executable, "-m", "nbgrader", "fetch_assignment", ASSIGNMENT, "--course", COURSE, f"--Exchange.root={site.exchange}"]
    subprocess.run(fetch, cwd=home, check=True, capture_output=True, timeout=120)
    fetched = nbformat.read(home / ASSIGNMENT / f"{NOTEBOOK}.ipynb", as_version=4)
    text = cell_of(fetched, "values").source
    me = pwd.getpwuid(os.getuid())[0]
    for learner, name in ((me, None), ("anna", "anna"), ("ben", "ben")):
        values = pool.values_of(learner)
        told = run_cell(home / ASSIGNMENT, f"{text}\nprint(n, name, twice)", name=name).splitlines()
        assert told == [
            f"Your values, for {learner}: n = {values['n']}, name = {values['name']!r}",
            f"{values['n']} {values['name']} {2 * int(str(values['n']))}",
        ]
    assert "variant-key" not in {path.name for path in site.exchange.rglob("*")}
    key = (site.course_root(COURSE) / "variant-key").read_text(encoding="ascii").strip()
    assert key not in (home / ASSIGNMENT / "my_variant.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_correction_of_the_text_gives_nobody_other_values_and_old_pools_stay(tmp_path: Path) -> None:
    site = make_varied_site(tmp_path / "site")
    release(site)
    before, first = pool_of(site), find_release(site.course_root(COURSE))
    notebook = varied_notebook()
    notebook.cells.append(nbformat.v4.new_markdown_cell("A word more."))
    write_course(site.courses / COURSE, notebook=notebook)
    release(site)
    assert pool_of(site) == before
    write_course(site.courses / COURSE, manifest=manifest_text(None, promised=False, is_changed=True), notebook=varied_notebook())
    course = release(site)
    assert find_pool(site.course_root(COURSE), ASSIGNMENT) is None
    assert cell_of(learner_version(course), "values").source == cell_of(varied_notebook(), "values").source
    assert first is not None
    assert find_pool(site.course_root(COURSE) / "releases" / first.content_hash, ASSIGNMENT) == before


def test_a_course_without_variants_gets_neither_key_nor_pools(tmp_path: Path) -> None:
    site = make_varied_site(tmp_path / "site", manifest=manifest_text(None, promised=False))
    root = site.course_root(COURSE)
    assert write_pools(load_course(site.courses, COURSE), root, key_folder=root) == {}
    assert not root.exists()
