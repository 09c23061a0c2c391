from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from courses.errors import ManifestError
from courses.manifest_file import load_manifest, manifest_schema
from courses.samples import samples_folder
from tests.courses.tiny_site import MANIFEST, changed, make_tiny_site

_SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "manifest.schema.json"


def as_json(text: str) -> object:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_published_schema_is_the_one_that_the_code_goes_by() -> None:
    assert _SCHEMA_FILE.read_text(encoding="utf-8") == manifest_schema(), (
        "write it anew: python -c 'from courses.manifest_file import manifest_schema; print(manifest_schema(), end=str())'"
    )


def test_the_schema_is_a_schema_and_takes_the_manifests_that_we_take() -> None:
    schema = json.loads(manifest_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(as_json(MANIFEST))
    for sample in sorted(samples_folder().glob("*/course.toml")):
        validator.validate(as_json(sample.read_text(encoding="utf-8")))


def test_the_schema_refuses_unknown_keys_and_missing_ones() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(manifest_schema()))
    with pytest.raises(jsonschema.ValidationError, match="Additional properties are not allowed"):
        validator.validate(as_json("colour = 'red'\n" + MANIFEST))
    with pytest.raises(jsonschema.ValidationError, match="'code' is a required property"):
        validator.validate(as_json(changed('code = "T 1"\n', "")))


def test_a_course_folder_gives_its_manifest(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    assert load_manifest(site.courses / "tiny-course").id == "tiny-course"


def test_a_folder_of_another_name_is_refused(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    (site.courses / "tiny-course").rename(site.courses / "other")
    with pytest.raises(ManifestError, match="id is 'tiny-course', but the folder is called 'other'"):
        load_manifest(site.courses / "other")


def test_a_folder_without_a_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"course\.toml: there is no such file"):
        load_manifest(tmp_path)
