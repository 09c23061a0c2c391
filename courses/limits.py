"""The limits of grading, as the site's settings and a course's manifest write them. What each means stands in `docs/reference/settings.md`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from courses.typed_toml import TypedTable

Seconds = Annotated[float, Field(gt=0)]
Memory = Annotated[int, Field(ge=256 * 2**20)]
Output = Annotated[int, Field(ge=2**16)]
Processes = Annotated[int, Field(ge=8)]
OpenFiles = Annotated[int, Field(ge=64)]
FileSize = Annotated[int, Field(ge=2**20)]
DiskSize = Annotated[int, Field(ge=2**24)]

_PARTS = (
    ("cell_timeout_s", "submission_timeout_s"),
    ("cell_cpu_s", "submission_cpu_s"),
    ("cell_output_bytes", "output_bytes"),
    ("file_bytes", "disk_bytes"),
)
"""The limit of a part, and that of the whole."""


class CourseLimits(TypedTable):
    """What a course, or one assessment of it, sets for itself. None: what holds without it."""

    cell_timeout_s: Seconds | None = None
    submission_timeout_s: Seconds | None = None
    cell_cpu_s: Seconds | None = None
    submission_cpu_s: Seconds | None = None
    memory_bytes: Memory | None = None
    total_memory_bytes: Memory | None = None
    processes: Processes | None = None
    open_files: OpenFiles | None = None
    file_bytes: FileSize | None = None
    disk_bytes: DiskSize | None = None
    cell_output_bytes: Output | None = None
    output_bytes: Output | None = None
    restart_after_death: bool | None = None
    """Whether a kernel that ended is started anew before the next answer cell."""

    def over(self, wider: CourseLimits) -> CourseLimits:
        """Return these limits, and those of `wider` where these say nothing."""
        return wider.model_copy(update=self.said())

    def said(self) -> dict[str, float | int | bool]:
        """Return what is said, by field."""
        return self.model_dump(exclude_none=True)

    def contradictions(self) -> list[str]:
        """Return a sentence for each limit of a part that is above the limit of its whole."""
        said = self.said()
        return [
            f"{part} ({said[part]:g}) is above {whole} ({said[whole]:g}), and so would never be reached"
            for part, whole in _PARTS
            if part in said and whole in said and said[part] > said[whole]
        ]
