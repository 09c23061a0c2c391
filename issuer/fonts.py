"""Finds the fonts that come with matplotlib, so that badges and certificates look the same on every machine.

matplotlib is not imported for that: it would cost every command a fifth of a second.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from courses.errors import EnvironmentTooOldError


@cache
def font_folder() -> Path:
    """Return the folder with DejaVu Sans and DejaVu Serif as TrueType files.

    Raises:
        EnvironmentTooOldError: matplotlib is not installed, or keeps its fonts elsewhere.
    """
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" if spec and spec.origin else None
    if folder is None or not (folder / "DejaVuSans-Bold.ttf").is_file():
        raise EnvironmentTooOldError(
            "the fonts of matplotlib are not there", remedy="Install it anew: `pip install --force-reinstall matplotlib`."
        )
    return folder
