from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, RootModel

from courses.errors import SettingsError
from courses.typed_toml import TypedTable, load_typed, parse_typed


class Inner(TypedTable):
    colour: str
    weight: float = 1.0


class Outer(TypedTable):
    name: str
    count: int = 0
    day: date | None = None
    parts: tuple[Inner, ...] = ()
    named: dict[str, Inner] = Field(default_factory=dict)


def parse(text: str) -> Outer:
    return parse_typed(text, Outer, SettingsError, where="x.toml")


def test_toml_becomes_frozen_values() -> None:
    value = parse('name = " Ana "\ncount = 3\nday = 2026-01-02\nparts = [{ colour = "red", weight = 2 }]')
    assert value == Outer(name="Ana", count=3, day=date(2026, 1, 2), parts=(Inner(colour="red", weight=2.0),))
    with pytest.raises(ValueError, match="frozen"):
        value.count = 4


def test_an_unknown_key_is_refused_and_the_nearest_known_one_is_named() -> None:
    with pytest.raises(SettingsError, match=r"x\.toml: cuont: unknown key; did you mean 'count'\?"):
        parse('name = "a"\ncuont = 1')


def test_an_unknown_key_in_a_list_is_found_with_its_place_counted_from_one() -> None:
    with pytest.raises(SettingsError, match=r"parts\[2\]\.color: unknown key; did you mean 'colour'\?"):
        parse('name = "a"\nparts = [{ colour = "red" }, { colour = "blue", color = "red" }]')


def test_an_unknown_key_in_a_map_of_tables_is_found() -> None:
    with pytest.raises(SettingsError, match=r"named\.x\.wieght: unknown key; did you mean 'weight'\?"):
        parse('name = "a"\n[named.x]\ncolour = "red"\nwieght = 1')


def test_a_key_like_no_other_brings_the_list_of_all() -> None:
    with pytest.raises(SettingsError, match="zzz: unknown key; known keys are count, day, name, named, parts"):
        parse('name = "a"\nzzz = 1')


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_is_finite(number: str) -> None:
    with pytest.raises(SettingsError, match=r"parts\[1\]\.weight: .*finite"):
        parse(f'name = "a"\nparts = [{{ colour = "red", weight = {number} }}]')


def test_an_unknown_key_in_a_file_that_is_a_map_of_maps_is_found() -> None:
    class Bank(RootModel[dict[str, dict[str, Inner]]]):
        """A map of maps."""

    with pytest.raises(SettingsError, match=r"a\.b\.weigth: unknown key; did you mean 'weight'\?"):
        parse_typed('[a.b]\ncolour = "red"\nweigth = 1', Bank, SettingsError, where="x.toml")


@pytest.mark.parametrize("line", ['count = "3"', "count = 3.5", "count = true", 'day = "tomorrow"', "name = 3"])
def test_nothing_is_coerced(line: str) -> None:
    text = line if line.startswith("name") else f'name = "a"\n{line}'
    with pytest.raises(SettingsError, match=line.split()[0]):
        parse(text)


def test_every_misfit_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse('count = "x"\nparts = [{}]')
    assert "name: this field is required" in str(caught.value)
    assert "parts[1].colour: this field is required" in str(caught.value)
    assert "count: " in str(caught.value)


def test_what_is_not_toml_is_said_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"this is not TOML: .*line 2"):
        parse('name = "a"\ncount = = 2')


def test_a_missing_file_and_one_that_is_no_text_are_errors_with_their_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: there is no such file"):
        load_typed(tmp_path / "none.toml", Outer, SettingsError)
    (tmp_path / "bad.toml").write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(SettingsError, match=r"bad\.toml: the file cannot be read"):
        load_typed(tmp_path / "bad.toml", Outer, SettingsError)
    with pytest.raises(SettingsError, match="the file cannot be read"):
        load_typed(tmp_path, Outer, SettingsError)


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_diagnosed_error(text: str) -> None:
    try:
        assert isinstance(parse(text), Outer)
    except SettingsError as refused:
        assert refused.where == "x.toml"


@given(
    st.dictionaries(
        st.sampled_from(["name", "count", "day", "parts", "nmae"]),
        st.one_of(st.just("1"), st.just("'a'"), st.just("[]"), st.just("{}"), st.just("[[1]]"), st.just("nan"), st.just("1979-05-27")),
    )
)
def test_any_well_formed_file_is_a_value_or_a_diagnosed_error(entries: dict[str, str]) -> None:
    text = "\n".join(f"{key} = {value}" for key, value in entries.items())
    try:
        assert parse(text).name
    except SettingsError as refused:
        assert refused.problem
