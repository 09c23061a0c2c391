"""The documentation is held to what the code says: everything has its place in the reference, every link leads somewhere, the tutorial runs."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from autograder.gradebook import ASSIGNMENT_COLUMNS, CELL_COLUMNS, STATES
from courses.errors import DiagnosedError
from courses.manifest import CourseManifest, Translated
from courses.rules import RULES
from courses.settings import SiteSettings
from issuer.verification import CHECK_NAMES, Verdict
from portal.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGES = ("courses", "autograder", "issuer", "portal")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def reference(name: str) -> str:
    return text_of(DOCS / "reference" / name)


def first_cells(text: str) -> list[str]:
    """Return the first cell of every table row."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ") and not line.startswith("|---")]


def named_in_first_cells(text: str) -> set[str]:
    return {name for cell in first_cells(text) for name in re.findall(r"`([^`]+)`", cell)}


def models_inside(annotation: Any) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models within an annotation, each with whether it stands in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, False
    for inner in get_args(annotation):
        for model, _ in models_inside(inner):
            yield model, "tuple" in str(annotation)


def fields_of(model: type[BaseModel], prefix: str, seen: set[type[BaseModel]]) -> Iterator[tuple[str, bool]]:
    """Yield the path of every field with whether it is required; a model that many fields share is told once."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field.is_required()
        for inner, is_list in models_inside(field.annotation):
            if inner is not Translated and inner not in seen:
                seen.add(inner)
                yield from fields_of(inner, f"{prefix}{name}{'[]' if is_list else ''}.", seen)


def test_every_setting_is_explained() -> None:
    tables = {"issuer", "paths", "grading", "approval", "review", "gate", "retention", "portal"}
    wanted = {path for path, _ in fields_of(SiteSettings, "", set())} - tables
    named = named_in_first_cells(reference("settings.md"))
    assert wanted - named == set()
    assert named - wanted == {"PATUNAY_COURSE", "JUPYTER_CONFIG_PATH"}, "settings.md names a setting that does not exist"


def test_the_example_of_the_settings_is_one() -> None:
    examples = [block["code"] for block in FENCE.finditer(reference("settings.md")) if block["language"] == "toml"]
    assert examples
    for example in examples:
        SiteSettings.model_validate(tomllib.loads(example))


def test_every_manifest_field_is_explained_and_the_required_ones_are_bold() -> None:
    fields = dict(fields_of(CourseManifest, "", set()))
    cells = " ".join(first_cells(reference("manifest.md")))
    bold = set(re.findall(r"\*\*`([^`]+)`\*\*", cells))
    assert fields.keys() - named_in_first_cells(reference("manifest.md")) == set()
    unknown = named_in_first_cells(reference("manifest.md")) - fields.keys()
    assert unknown == set(), "manifest.md names fields that do not exist"
    assert bold == {path for path, is_required in fields.items() if is_required}


def every_error() -> set[type[DiagnosedError]]:
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            importlib.import_module(module.name)
    found, pending = set[type[DiagnosedError]](), [DiagnosedError]
    while pending:
        kind = pending.pop()
        found.add(kind)
        pending += kind.__subclasses__()
    return {kind for kind in found if kind.__module__.split(".")[0] in PACKAGES and not kind.__name__.startswith("_")}


def test_every_error_is_explained_under_its_package() -> None:
    sections = {part.splitlines()[0].strip("` "): part for part in reference("errors.md").split("\n## ")[1:]}
    told = {(package, name) for package, part in sections.items() for name in named_in_first_cells(part)}
    assert told == {(kind.__module__.split(".")[0], kind.__name__) for kind in every_error()}


def rules_in_the_code() -> dict[str, tuple[set[str], bool]]:
    """Return for each rule's code the severities that the code gives it by name, and whether it also decides one as it runs."""
    text = "\n".join(text_of(file) for package in PACKAGES for file in (ROOT / package).rglob("*.py") if file.name != "rules.py")
    named = re.findall(r"\b(blocking|warning)\(\s*\"([A-Z]\d\d)\"", text)
    used = Counter(re.findall(r"\"([QNALWSRMV]\d\d)\"", text))
    return {code: ({kind for kind, each in named if each == code}, used[code] > sum(each == code for _, each in named)) for code in used}


def test_every_finding_is_explained_with_its_severity() -> None:
    told: dict[str, set[str]] = {}
    for code, severity in re.findall(r"^\| ([A-Z]\d\d) \|[^|]*\| ([^|]*) \|", reference("checks.md"), re.MULTILINE):
        told.setdefault(code, set()).update(re.findall(r"\b(blocking|warning)\b", severity))
    made = rules_in_the_code()
    assert told.keys() == made.keys()
    assert all(told.values()), "a rule without a severity"
    for code, (kinds, decides) in made.items():
        assert kinds <= told[code], code
        assert decides or kinds == told[code], code


def test_every_rule_has_a_name_and_a_reason_and_makes_findings() -> None:
    assert RULES.keys() == rules_in_the_code().keys()
    for rule in RULES.values():
        assert rule.name
        assert re.fullmatch(r"[^\n]{20,200}[.]", rule.why), rule.code


def commands() -> Iterator[tuple[str, Any]]:
    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        yield name, command
        for inner, each in getattr(command, "commands", {}).items():
            yield from walk(each, f"{name} {inner}")

    yield from walk(typer.main.get_command(app), "patunay")


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts) if option.startswith("--")}


def section_of(name: str) -> str:
    found = re.search(rf"^#+ `{re.escape(name)}`\n(.*?)(?=^#+ |\Z)", reference("commands.md"), re.MULTILINE | re.DOTALL)
    assert found, f"commands.md has no section {name!r}"
    return found[1]


@pytest.mark.parametrize("name", [name for name, _ in commands() if name != "patunay"])
def test_every_command_is_explained_with_exactly_its_options(name: str) -> None:
    command = dict(commands())[name]
    section = section_of(name)
    told = {word for cell in first_cells(section) for word in re.findall(r"--[a-z-]+", cell)}
    assert told == options_of(command) - {"--help"}
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("--")]
    for parameter in arguments:
        word = re.findall(r"[A-Z]{3,}", (parameter.metavar or parameter.name).upper())[0]
        assert word in " ".join(first_cells(section)), f"{name}: {word} is not explained"


def shell_lines() -> Iterator[tuple[Path, str]]:
    """Yield every line of a shell example: those after a `$` where there are any."""
    for page in PAGES:
        for block in FENCE.finditer(text_of(page)):
            if block["language"] in {"sh", "console"}:
                for line in block["code"].splitlines():
                    if block["language"] == "sh" or line.startswith("$ "):
                        yield page, line.removeprefix("$ ").strip()


def test_every_example_of_a_command_uses_options_that_exist() -> None:
    known = dict(commands())
    seen = 0
    for page, line in shell_lines():
        if not line.startswith("patunay "):
            continue
        words = shlex.split(line.split(" > ")[0].split("#")[0].split(" -- ")[0])
        name = " ".join(words[:3]) if " ".join(words[:3]) in known else " ".join(words[:2])
        assert name in known, f"{page.name}: {line}"
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= options_of(known[name]) | {"--help"}, f"{page.name}: {line}"
        seen += 1
    assert seen > 30


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {(page.name, target) for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text_of(page), re.MULTILINE)}
    assert {("README.md", "demo"), ("README.md", "test")} <= named
    assert {target for _, target in named} <= targets


def test_the_gradebooks_columns_and_states_are_explained() -> None:
    named = named_in_first_cells(reference("gradebook.md"))
    assert named == {*ASSIGNMENT_COLUMNS, *CELL_COLUMNS, *STATES}


def test_verdicts_checks_and_reasons_are_explained() -> None:
    page = text_of(DOCS / "explanation" / "how-verification-works.md")
    cells = first_cells(page)
    assert {each.value for each in Verdict} <= set(cells)
    assert set(CHECK_NAMES) <= set(cells)
    assert {each.value for each in Verdict} | {"unreadable"} <= named_in_first_cells(text_of(DOCS / "howto" / "verify-a-credential.md"))
    reasons = set(re.findall(r"Reason\(\"([a-z-]+)\"", text_of(ROOT / "issuer" / "eligibility.py")))
    assert reasons
    assert reasons <= set(re.findall(r"`([a-z-]+)`", section_of("patunay eligible")))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Git hosts make them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str, str]]:
    for page in PAGES:
        for _, label, target in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))):
            yield page, label, target


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for page, _, target in links():
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors_of(found)):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, pending = set[Path](), [ROOT / "README.md"]
    while pending:
        here = pending.pop()
        if here not in reached:
            reached.add(here)
            targets = [(here.parent / target.partition("#")[0]).resolve() for page, _, target in links() if page == here]
            pending += [target for target in targets if target.suffix == ".md" and target.is_file()]
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - reached == set()


def test_pictures_have_words_and_are_small() -> None:
    for page in PAGES:
        for is_picture, label, _ in LINK.findall(text_of(page)):
            assert not is_picture or len(label) > 10, f"{page.name} has a picture without words"
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size < 100_000, picture.name
        if picture.suffix == ".svg":
            tags = {element.tag.rpartition("}")[2] for element in ET.parse(picture).getroot()}
            assert {"title", "desc"} <= tags


def test_pages_name_no_place_on_somebodys_machine() -> None:
    for page in PAGES:
        assert not re.search(r"/work/main|/root/|/home/|C:\\", text_of(page)), page.name


def tutorial_script(text: str) -> str:
    """Return the marked blocks of the tutorial as one script; the batch's id is asked for, as a reader reads it off."""
    ask = "BATCH=$(patunay batch list --json | python -c 'import json, sys; print(json.load(sys.stdin)[0][\"batch\"][:8])')\n"
    parts = ["set -e\n"]
    for block in FENCE.finditer(text):
        code = block["code"]
        if "batch show 19e37e7e" in code:
            parts.append(ask + code.replace("19e37e7e", "$BATCH"))
        elif block["mark"] == "run":
            parts.append(code)
        elif block["mark"] == "run: exit 1":
            parts.append(f"set +e\n{code}status=$?\nset -e\ntest $status = 1\n")
    return "".join(parts)


@pytest.mark.thorough
def test_the_tutorials_main_path_runs_to_a_verified_credential(tmp_path: Path) -> None:
    tutorials = tmp_path / "docs" / "tutorials"
    shutil.copytree(DOCS / "tutorials", tutorials)
    manifest = tutorials / "first-course" / "describing-numbers" / "course.toml"
    today = datetime.now(UTC).date()
    dated = re.sub(r"reviewed_on = \S+", f"reviewed_on = {today - timedelta(days=30)}", manifest.read_text(encoding="utf-8"))
    manifest.write_text(re.sub(r"review_by = \S+", f"review_by = {today + timedelta(days=300)}", dated), encoding="utf-8")
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = tutorial_script(text_of(DOCS / "tutorials" / "first-course.md"))
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    for told in ("averages: 2 graded now", "10 / 10", "4 / 10", "not yet", "1 credentials are issued now", "forged.json: ALTERED"):
        assert told in ran.stdout, told
    assert ran.stdout.count("json: VALID\n") == ran.stdout.count(".png: VALID\n") == ran.stdout.count(".pdf: VALID\n") == 1
    assert "certificate.pdf: VALID WITH A NOTE" in ran.stdout
    credential = json.loads(next((tmp_path / "mysite" / "credentials").glob("*.json")).read_text(encoding="utf-8"))
    assert credential["credentialSubject"]["name"] == "Ana Dizon"


@pytest.mark.thorough
def test_the_guide_to_authoring_leads_from_an_empty_folder_to_a_released_course(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = tutorial_script(text_of(DOCS / "howto" / "author-an-assignment.md"))
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    for told in ("Weights: columns 60 %, rows 40 %.", "reading-tables: 0 blocking", "reading-tables 0.1.0 is released: columns, rows."):
        assert told in ran.stdout + ran.stderr, told
    assert sorted(path.name for path in (tmp_path / "mysite" / "exchange" / "reading-tables" / "outbound").iterdir()) == ["columns", "rows"]
