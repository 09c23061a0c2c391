"""Numbers of a frame as pages show them: what is not known is None, never NaN. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def known(value: Any) -> float | None:
    """Return a number, None if there is none."""
    return None if pd.isna(value) else float(value)


def rows_of(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by column name."""
    names = [str(name) for name in table.columns]
    for values in zip(*(table[name] for name in table.columns), strict=True):
        yield dict(zip(names, values, strict=True))
