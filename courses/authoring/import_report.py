"""What an import made of each cell and each setting, so that an author sees what to look at. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

COLUMNS = ("notebook", "place", "was", "became", "what to do")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was converted, left out, or has to be looked at."""

    notebook: str
    """The file's name."""
    place: str
    """The cell by its number in the source, counted from 1, or the setting."""
    was: str
    became: str
    remedy: str = ""
    """What the author has to do; empty if nothing."""

    def as_json(self) -> dict[str, str]:
        """Return the entry as JSON values."""
        return {"notebook": self.notebook, "place": self.place, "was": self.was, "became": self.became, "remedy": self.remedy}


@dataclass(slots=True)
class Notes:
    """Collects the entries of one notebook."""

    notebook: str
    entries: list[Entry] = field(default_factory=list)

    def add(self, place: int | str, was: str, became: str, remedy: str = "") -> None:
        """Add an entry; a number is a cell's, counted from 1."""
        self.entries.append(Entry(self.notebook, f"cell {place}" if isinstance(place, int) else place, was, became, remedy))


@dataclass(frozen=True, slots=True)
class Converted:
    """A notebook of nbgrader cells, and how it came about."""

    node: Any
    """The notebook, nbformat 4.5."""
    entries: tuple[Entry, ...]
    files: tuple[str, ...] = ()
    """Files that the source says it needs, relative to its folder."""
