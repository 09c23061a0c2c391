"""Which files beside a notebook it needs: those that its code and its texts name, and that are there. Nothing is run, no link is followed."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from courses.notebook_imports import imported_modules
from courses.safe_copy import CopyRefusedError, copy_untrusted_file

_QUOTED = re.compile(r"[\"']([^\"'\n\\]{1,200})[\"']")
_LINKED = re.compile(r"\]\(\s*<?([^)>\s]{1,200})>?|\bsrc=[\"']([^\"']{1,200})[\"']")
_NEVER = (".ipynb", ".db", ".git")


def needed_files(node: Any, folder: Path) -> list[str]:
    """Return the files under `folder` that the notebook names, relative, sorted."""
    return sorted({each for name in _names(node) if (each := _within(name)) and _is_file(folder, each)})


def copy_needed(folder: Path, names: Iterable[str], target: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Copy the files `names` from `folder` to `target`; return those copied, and those refused with the reason. What is there is never overwritten."""
    copied, refused = [], []
    for name in names:
        inner = _within(name)
        if inner is None:
            refused.append((name, "it lies outside of the source's folder"))
        elif (target / inner).exists():
            refused.append((name, "there is one of that name in the assignment already"))
        else:
            try:
                copy_untrusted_file(folder, inner, target)
            except CopyRefusedError as problem:
                refused.append((name, problem.problem))
            else:
                copied.append(inner)
    return copied, refused


def _names(node: Any) -> Iterator[str]:
    for cell in node.cells:
        if cell.cell_type == "code":
            yield from _QUOTED.findall(cell.source)
            yield from (f"{module.replace('.', '/')}.py" for module in imported_modules(cell.source))
        yield from (one or other for one, other in _LINKED.findall(cell.source))


def _within(name: str) -> str | None:
    """Return a relative path in plain form, None if it leads out or to what is no data."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith(("/", "~")) or ":" in name or not parts or len(name) > 200 or not name.isprintable():
        return None
    if any(part == ".." or part.startswith(".") for part in parts) or parts[-1].endswith(_NEVER):
        return None
    return "/".join(parts)


def _is_file(folder: Path, name: str) -> bool:
    here = folder
    for number, part in enumerate(parts := name.split("/")):
        here = here / part
        try:
            mode = here.lstat().st_mode
        except OSError:
            return False
        if not (stat.S_ISREG(mode) if number == len(parts) - 1 else stat.S_ISDIR(mode)):
            return False
    return True
