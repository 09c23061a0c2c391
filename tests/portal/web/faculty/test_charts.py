"""Charts stay in their frame, whatever is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.web.faculty.charts import HEIGHT, WIDTH, columns


@given(st.lists(st.integers(0, 10**6), max_size=40))
def test_every_column_is_within_the_frame_and_as_high_as_its_count(counts: list[int]) -> None:
    chart = columns([str(number) for number in range(len(counts))], counts)
    for bar, count in zip(chart.bars, counts, strict=True):
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.2
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
        assert (bar.height == 0) == (count == 0) or count * HEIGHT < max(counts)
