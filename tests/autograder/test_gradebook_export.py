from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import ExportError
from autograder.gradebook_export import FORMATS, export_frame, frame_as_csv, frame_as_json, without_formula
from courses.errors import StorageError

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_TRICKY = st.text(alphabet=",\"\r\n\t=+-@'; aé", max_size=8)


def example() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "learner": ["Reyes, Ana", '=HYPERLINK("http://evil.example")', "ñ"],
            "score": [5.0, float("nan"), 0.0],
            "submitted_at": pd.Series([pd.Timestamp("2026-11-20T08:00:00Z"), pd.NaT, pd.Timestamp("2026-11-20T08:00:00.5Z")]),
            "attempts": [1, 0, 2],
        }
    )


def test_csv_is_rfc_4180() -> None:
    assert frame_as_csv(example()) == (
        "learner,score,submitted_at,attempts\r\n"
        '"Reyes, Ana",5.0,2026-11-20T08:00:00+00:00,1\r\n'
        '"\'=HYPERLINK(""http://evil.example"")",,,0\r\n'
        "ñ,0.0,2026-11-20T08:00:00.500000+00:00,2\r\n"
    )


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert without_formula(f"{start}1+1") == f"'{start}1+1"
    assert without_formula(f"a{start}") == f"a{start}"


def test_a_negative_number_stays_a_number() -> None:
    assert frame_as_csv(pd.DataFrame({"x": [-1.5]})) == "x\r\n-1.5\r\n"


def test_a_missing_score_is_empty_and_never_zero() -> None:
    table = frame_as_csv(pd.DataFrame({"learner": ["a", "b"], "score": [float("nan"), 0.0]}))
    assert table.splitlines()[1:] == ["a,", "b,0.0"]
    assert frame_as_json(pd.DataFrame({"score": [float("nan"), 0.0]})) == [{"score": None}, {"score": 0.0}]


@given(st.lists(st.tuples(st.one_of(_TEXT, _TRICKY), st.one_of(_TEXT, _TRICKY), st.floats(allow_infinity=False)), max_size=5))
def test_any_table_comes_back_from_csv_cell_for_cell(rows: list[tuple[str, str, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["learner", "reason", "score"])
    back = list(csv.reader(io.StringIO(frame_as_csv(frame), newline=""), strict=True))
    assert back[0] == ["learner", "reason", "score"]
    assert len(back) == len(rows) + 1
    for (learner, reason, score), read in zip(rows, back[1:], strict=True):
        assert read[:2] == [without_formula(learner), without_formula(reason)]
        assert read[2] == ("" if score != score else repr(score))
        assert not read[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.one_of(_TEXT, _TRICKY), max_size=5))
def test_any_table_comes_back_from_json(texts: list[str]) -> None:
    assert frame_as_json(pd.DataFrame({"t": pd.Series(texts, dtype=object)})) == [{"t": text} for text in texts]


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    export_frame(example(), tmp_path / "x.json", "json")
    rows = [json.loads(line) for line in (tmp_path / "x.json").read_text(encoding="utf-8").splitlines()]
    assert [row["score"] for row in rows] == [5.0, None, 0.0]
    assert rows[0]["submitted_at"].startswith("2026-11-20T08:00:00")


def test_a_spreadsheet_holds_text_and_no_formula(tmp_path: Path) -> None:
    export_frame(example(), tmp_path / "x.xlsx", "xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        shared = archive.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "&apos;=HYPERLINK" in shared or "'=HYPERLINK" in shared
    assert "hyperlink" not in sheet
    assert sheet.count("<v>0</v>") >= 1, "a true zero is there"
    assert 'r="B3"' not in sheet or '<c r="B3"/>' in sheet or "<v></v>" in sheet, "a missing score is empty"


def test_an_empty_table_has_its_header_in_every_format(tmp_path: Path) -> None:
    empty = example().iloc[:0]
    assert frame_as_csv(empty) == "learner,score,submitted_at,attempts\r\n"
    for form in ("csv", "json", "xlsx"):
        export_frame(empty, tmp_path / f"x.{form}", form)


def test_parquet_is_written_or_says_what_it_needs(tmp_path: Path) -> None:
    try:
        export_frame(example(), tmp_path / "x.parquet", "parquet")
    except ExportError as missing:
        assert "pip install pyarrow" in missing.remedy
    else:
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), example())


def test_another_format_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no format 'ods'\nChoose one of csv, xlsx, json, parquet"):
        export_frame(example(), tmp_path / "x", "ods")
    assert set(FORMATS) == {"csv", "xlsx", "json", "parquet"}


def test_a_place_that_cannot_be_written_to_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        export_frame(example(), tmp_path / "file" / "x.csv", "csv")
