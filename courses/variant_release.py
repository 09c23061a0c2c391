"""What a release does with learner variants: the course's key, the pools beside the gradebook, and the learner version in which each finds their own.

In the course directory: `variant-key` (secret; makes what is drawn), `variants/<assignment>.json` (the pool that grading goes by), and a copy of the pools with each
release. In the learner version: `my_variant.py`, and the parameters cell that asks it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import nbformat
from pydantic import ValidationError

from courses.catalogue import Course
from courses.errors import StorageError, VariantError
from courses.notebook import read_notebook_json
from courses.storage import diagnosed_storage, write_atomically
from courses.variant_cells import MODULE, find_cells, literal, released_cell, set_text
from courses.variants import VariantPool, draw_pool

KEY_FILE, POOLS = "variant-key", "variants"
_KEY_BYTES = 32

_MODULE_TEXT = '''\
"""Which values of this assignment are yours. Written at the release; grading goes by its own copy of this, so changing it changes only what you see."""

import hashlib
import hmac
import os


def _my_name():
    """Return the name that you hand in under, by nbgrader's rule."""
    try:
        import pwd

        name = pwd.getpwuid(os.getuid())[0]
    except (ImportError, KeyError):  # not on Linux or macOS
        import getpass

        name = getpass.getuser()
    return os.environ.get("JUPYTERHUB_USER", name) if name == "jovyan" else name


class _Mine(dict):
    def __str__(self):
        return f"Your values, for {{NAME}}: " + ", ".join(f"{{name}} = {{value!r}}" for name, value in self.items())


ROWS = [
{rows}]
NAME = _my_name()
_PLACE = hmac.new(bytes.fromhex({salt!r}), NAME.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
mine = _Mine(ROWS[int.from_bytes(_PLACE, "big") % len(ROWS)])
'''


def load_or_make_key(course_root: Path) -> bytes:
    """Return the course's key of variants, made at the first call.

    Raises:
        StorageError: it cannot be written or read, or is damaged.
    """
    path = course_root / KEY_FILE
    with diagnosed_storage(path):
        if not path.is_file():
            course_root.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{KEY_FILE}-{secrets.token_hex(8)}")
            write_atomically(aside, secrets.token_hex(_KEY_BYTES) + "\n", mode=0o600)
            try:
                os.link(aside, path)  # whole, and only if nobody else was faster
            except FileExistsError:
                pass
            finally:
                aside.unlink()
        text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StorageError(
            "this is no key of variants", where=str(path), remedy="Restore it from a backup: another key gives learners other values."
        )
    return key


def course_pools(course: Course, key: bytes) -> dict[str, VariantPool]:
    """Return the pools of a course's assignments that have variants, by assignment."""
    pools = {}
    for assessment in course.manifest.assessments:
        cells = find_cells(course.notebooks[assessment.id])
        if assessment.variants is not None and cells:  # without a cell the gate says so
            pools[assessment.id] = draw_pool(assessment.variants, assessment.id, key, cells)
    return pools


def write_pools(course: Course, folder: Path, *, key_folder: Path) -> dict[str, VariantPool]:
    """Write the pools of the course into `folder`, take away those of assignments without variants, and return them.

    Args:
        key_folder: the course directory, where the key lies or is made.

    Raises:
        StorageError: they cannot be written.
    """
    has_variants = any(assessment.variants is not None for assessment in course.manifest.assessments)
    pools = course_pools(course, load_or_make_key(key_folder)) if has_variants else {}
    with diagnosed_storage(folder):
        for stale in (folder / POOLS).glob("*.json"):
            if stale.stem not in pools:
                stale.unlink()
    for assignment, pool in pools.items():
        text, path = pool.model_dump_json(indent=1) + "\n", _pool_file(folder, assignment)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
    return pools


def find_pool(course_root: Path, assignment: str) -> VariantPool | None:
    """Return the pool of an assignment that is released with variants, None if it has none.

    Raises:
        VariantError: what stands there is no pool: grading without it would give learners others' values.
    """
    path = _pool_file(course_root, assignment)
    try:
        return VariantPool.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as unreadable:
        raise VariantError(
            "the variants of this assignment cannot be read", where=str(path), remedy="Release the course again."
        ) from unreadable


def give_variants(learner_version: Path, pool: VariantPool) -> None:
    """Make each learner find their own values in the learner version that nbgrader made in the folder `learner_version`.

    Raises:
        VariantError: it has no such cell.
        StorageError: it cannot be written.
    """
    names = tuple(pool.rows[0])
    for notebook, cell_id in pool.cells.items():
        path = learner_version / f"{notebook}.ipynb"
        node = read_notebook_json(path.read_text(encoding="utf-8"), where=str(path))
        found = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == cell_id]
        if len(found) != 1:
            raise VariantError(f"the learner version has no cell {cell_id!r}", where=str(path), remedy="Release the assignment again.")
        set_text(found[0], released_cell(found[0].source, names))
        write_atomically(path, nbformat.writes(node) + "\n", mode=path.stat().st_mode & 0o777)
    write_atomically(learner_version / f"{MODULE}.py", module_text(pool))


def module_text(pool: VariantPool) -> str:
    """Return the module that finds a learner's own values, for any Python 3."""
    return _MODULE_TEXT.format(rows="".join(f"    {_row_text(row)},\n" for row in pool.rows), salt=pool.salt)


def _row_text(row: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name!r}: {literal(value)}" for name, value in row.items()) + "}"  # type: ignore[arg-type]  # the pool's own values


def _pool_file(folder: Path, assignment: str) -> Path:
    return folder / POOLS / f"{assignment}.json"
