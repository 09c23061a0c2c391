"""The core's sentences on Filipino pages: found by their templates, never guessed, and nothing new is said to people without Filipino."""

from __future__ import annotations

import ast
import importlib.util
import re
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from courses.checks import check_course
from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.manifest_file import load_manifest
from courses.typed_toml import parse_typed
from portal.web.core_words import core_element, core_text, in_language
from portal.web.course_titles import titles_in
from portal.web.faculty.gate_words import finding_line
from portal.web.language import core_templates
from tests.courses.bad_courses.edits import BAD_COURSES
from tests.courses.bad_courses.good_course import Draft

PROJECT = Path(__file__).parents[3]
_PLACE = re.compile(r"\{(\w+)\}")
TEMPLATES = core_templates("fil")
WEAK = {"{message} (found {shown})", "{kinds} (in {answer})"}
"""With few words of their own: known only by a sentence in their first place."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that finds the core's sentences."""
    spec = importlib.util.spec_from_file_location("core_sentences", PROJECT / "scripts" / "core_sentences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filled(template: str, value: str) -> str:
    """Return the template with a value of its own in each place."""
    return _PLACE.sub(lambda place: f"{value}{place[1]}", template)


def test_commands_in_a_sentence_are_code_and_what_stands_in_them_is_no_markup() -> None:
    told = core_element("Submit it: `patunay course submit`, at 50 % of `<b>`.", "en")
    assert told == "Submit it: <code>patunay course submit</code>, at 50\u00a0% of <code>&lt;b&gt;</code>."
    assert core_element("One ` alone.", "en") == "One ` alone."


def test_every_sentence_that_is_made_of_a_template_is_told_in_filipino() -> None:
    clear = {template: told for template, told in TEMPLATES.items() if "}{" not in template.replace("{plural", "") and template not in WEAK}
    wrong = [
        template
        for template, told in clear.items()
        if in_language(filled(template.replace("{fate}", "gone"), "q7"), "fil") != filled(told.replace("{fate}", "wala"), "q7")
    ]
    assert len(TEMPLATES) > 1000
    assert wrong == []
    assert TEMPLATES.keys() >= WEAK


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("You have not handed in “The basics”.", "Hindi mo pa naipapasa ang “The basics”."),
        ("“Loops” waits for your teacher: a person has to mark essay.", "Hinihintay ng “Loops” ang guro mo: kailangang markahan ng tao ang essay."),
        (
            "a.ipynb: cell 3 (sum) ended the kernel; b.ipynb: the submission took longer than the 300 s allowed",
            "a.ipynb: pinatigil ng cell 3 (sum) ang kernel; b.ipynb: mas matagal ang ipinasa kaysa sa 300 s na pinapayagan",
        ),
        ("work.ipynb: the notebook is larger than 20 MiB\nClear its outputs and save it again.",
         "work.ipynb: mas malaki sa 20 MiB ang notebook\nBurahin ang mga output nito at i-save muli."),
        ("There is nothing in it", "Walang laman ito"),
        (
            "the submission holds none of the assignment's notebooks (a.ipynb); it holds b.ipynb",
            "walang notebook ng gawaing ito sa ipinasa (ang hinahanap: a.ipynb); ang laman nito ay b.ipynb",
        ),
        ("The test asserts nothing, so every answer passes.", "Walang ina-assert ang test, kaya pumapasa ang bawat sagot."),
        (
            "a line of the solution (a.ipynb, c1) stands in the release: `x = 1`",
            "nasa release ang isang linya ng solusyon (a.ipynb, c1): `x = 1`",
        ),
        ("Give the cell its id back, or take a higher version.", "Ibalik sa cell ang id nito, o gumamit ng mas mataas na bersiyon."),
        (
            "Give the cell its id back, or take a higher version. Was it renamed to 'c2'?",
            "Ibalik sa cell ang id nito, o gumamit ng mas mataas na bersiyon. Pinalitan ba ito ng pangalang 'c2'?",
        ),
        ("Outcome LO2 is not assessed.", "Hindi sinusukat ang kinalabasang LO2."),
        ("data.csv is opened, and lies not beside the notebook.", "Binubuksan ang data.csv, pero wala ito sa tabi ng notebook."),
        (
            "The course demands sealed verdicts, and this test is not sealed: it rests on Box.__eq__.",
            "Selyadong hatol ang hinihingi ng kurso, at ganito ang test na ito: hindi selyado: nakasalalay ito sa Box.__eq__.",
        ),
        (
            "The tests of solve notice 50 % of its mutants; 4 slipped past: line 2 (compare, 0a1b) `a < b` made `a <= b`; and 3 more.",
            "50 % ng mga mutant ng solve ang napapansin ng mga test nito; 4 ang nakalusot: linya 2 (compare, 0a1b) ginawang `a <= b` ang `a < b`; at 3 pa.",
        ),
        (
            "The tests of solve notice 50 % of its mutants; 2 slipped past: line 2 (compare, 0a1b) `a < b` made `a <= b`; line 3 (order, 2c) `x` made `y`.",
            "50 % ng mga mutant ng solve ang napapansin ng mga test nito; 2 ang nakalusot: linya 2 (compare, 0a1b) ginawang `a <= b` ang `a < b`; linya 3 (order, 2c) ginawang `y` ang `x`.",
        ),
        (
            "An accepted mutant is out of date: n.ipynb, between: 1e51 is killed by a test now.",
            "Luma na ang isang tinanggap na mutant: n.ipynb, between: napapansin na ngayon ng isang test ang 1e51.",
        ),
        (
            "The reference solution does not earn the same every time: 2 points in run 1 (seed 1); no score in run 2 (seed 2 and hash seed 2), of 2.",
            "Hindi pare-pareho ang nakukuha ng batayang solusyon: 2 puntos sa takbo 1 (seed 1); walang marka sa takbo 2 (seed 2 and hash seed 2), mula sa 2.",
        ),
        (
            "the test gives 1 of 2 points for an empty answer; an answer that never ends (in solve)",
            "1 sa 2 puntos ang ibinibigay ng test sa sagot na walang laman; sagot na hindi natatapos (sa solve)",
        ),
        (
            "version 1.0.0 is released, and since then the assessment changed (course.toml, assessments[ps1].weight: weight of ps1 is another; ps1/a.ipynb, c1: the cell is gone; and 3 more)",
            "ni-release na ang bersiyon 1.0.0, at mula noon nagbago ang pagtatasa (course.toml, assessments[ps1].weight: iba na ang weight ng ps1; ps1/a.ipynb, c1: wala na ang cell; at 3 pa)",
        ),
        (
            "in variant 2 (n = 4) and 3 more the untouched notebook earns 1 of 2 points",
            "sa baryante 2 (n = 4) at 3 pa 1 sa 2 puntos ang nakukuha ng di-ginalaw na notebook",
        ),
        ("graded 20 of 40, about 1 min 02 s left", "namarkahan na ang 20 sa 40, mga 1 min 02 s pa"),
        ("layer: name spaces", "suson: mga name space"),
        ("layer: user", "suson: user"),
        ("4096 MiB a process, 256 processes more than our user has", "4096 MiB bawat proseso, 256 proseso bukod sa mga nasa user namin"),
        ("missing: unshare: Operation not permitted", "kulang: unshare: Operation not permitted"),
        ("missing: it runs as our own user; only root can give it another",
         "kulang: tumatakbo ito bilang sarili naming user; root lamang ang makapagbibigay ng iba"),
        (
            "this machine does not allow a layer of the sandbox: no name spaces (unshare: Operation not permitted), and no Landlock in this Linux kernel (5.13 and newer have it; `lsm=landlock,…` on the kernel's command line turns it on)",
            "may suson ng sandbox na hindi pinapayagan ng makinang ito: walang name space (unshare: Operation not permitted), at walang Landlock sa Linux kernel na ito (mayroon ang 5.13 at mas bago; binubuksan ito ng `lsm=landlock,…` sa command line ng kernel)",
        ),
        ("patunay: /site/course.toml: there is no such file", "patunay: /site/course.toml: walang ganoong file"),
    ],
)  # fmt: skip
def test_sentences_as_the_core_says_and_keeps_them(sentence: str, told: str) -> None:
    assert core_text(sentence, "fil") == told
    assert core_text(sentence, "en") == sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('id = "Bad Id"', ["id: hindi mga salitang maliliit ang titik na pinagdugtong ng gitling ang 'Bad Id'", "version: kailangan ang field na ito"]),
        ("titel = 1", ["titel: hindi kilalang key; 'title' ba ang ibig mong sabihin?"]),
        ("version = 1", ["version: dapat ay teksto (string) (ang nakasulat: 1)"]),
        ("languages = []", ["languages: dapat ay may laman itong 1 o higit pa (Tuple), hindi 0 (ang nakasulat: [])"]),
        ('supervision = "some"', ["supervision: dapat ay 'none', 'remote' or 'onsite' (ang nakasulat: 'some')"]),
        ("[pass_rule]\noverall = 2.0", ["pass_rule.overall: dapat ay hindi hihigit sa 1 (ang nakasulat: 2.0)"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_course_toml_is_told_field_by_field(text: str, told: list[str]) -> None:
    with pytest.raises(ManifestError) as refused:
        parse_typed(text, CourseManifest, ManifestError, where="course.toml")
    found = core_text(refused.value.problem, "fil")
    assert [each for each in told if f"  - {each}" not in found.split("\n")] == []
    assert "kailangan ang field na ito" in found
    assert core_text(refused.value.remedy or "", "fil") == "Itama ang mga field na binanggit sa itaas."


def test_what_holds_for_the_whole_of_course_toml_is_told_too() -> None:
    sentence = "the file: levels: give a level, or say in not_levelled why there is none; assessments: 'ps1' stands there twice; limits of 'ps1': cell_cpu_s (9) is above submission_cpu_s (5), and so would never be reached"
    assert core_text(sentence, "fil") == (
        "ang file: levels: magbigay ng antas, o sabihin sa not_levelled kung bakit wala; assessments: dalawang beses nakasulat ang 'ps1'; "
        "limits ng 'ps1': mas mataas ang cell_cpu_s (9) kaysa sa submission_cpu_s (5), kaya hindi ito maaabot kailanman"
    )


def test_titles_and_outcomes_in_a_sentence_are_those_of_the_course_in_filipino() -> None:
    titles = titles_in(load_manifest(PROJECT / "source_notebooks" / "python-foundations"), "fil")
    assert core_text("You have not handed in “Text and files”.", "fil", titles) == "Hindi mo pa naipapasa ang “Teksto at mga file”."
    late = core_text("Past due and not handed in: Values and decisions, Text and files.", "fil", titles)
    assert "Mga halaga at pagpapasya, Teksto at mga file" in late
    assert core_text("You have not handed in “Text and files”.", "fil") == "Hindi mo pa naipapasa ang “Text and files”."
    assert titles_in(load_manifest(PROJECT / "source_notebooks" / "python-foundations"), "en") == {}


@pytest.mark.slow
def test_every_module_that_finds_something_for_the_gate_is_in_the_tables(script: ModuleType) -> None:
    finding = {
        str(path.relative_to(PROJECT))
        for package in ("courses", "autograder", "portal")
        for path in (PROJECT / package).rglob("*.py")
        if "web" not in path.parts and any(is_finding(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert len(finding) > 20
    assert finding - script.SHOWN.keys() == {"portal/gate/directory_gate.py"}  # of a directory without a course: no page shows it


@pytest.mark.slow
def test_everything_that_is_found_in_the_bad_courses_is_told_in_filipino(tmp_path: Path) -> None:
    found = []
    for number, bad in enumerate(BAD_COURSES):
        draft = Draft()
        bad.edit(draft)
        (tmp_path / str(number)).mkdir()
        found += check_course(draft.write(tmp_path / str(number)), today=date(2026, 11, 20))
    lines = [finding_line(each) for each in found]
    said = [text for line in lines for text in (line.name, line.problem, line.why, line.remedy)]
    assert len(said) > 300
    assert [text for text in said if in_language(text, "fil") is None] == []


def is_finding(node: ast.AST) -> bool:
    """Whether a finding with a code of the gate is made."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and re.fullmatch(r"[A-Z]\d\d", first.value) is not None


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="`%"))
"""Without what is drawn otherwise than it is written: code, and the space before a percent sign."""


@given(PLAIN)
def test_what_no_template_fits_stays_as_it_is_and_is_marked_as_english(text: str) -> None:
    odd = f"§ {text}"
    assume(in_language(odd, "fil") is None)  # Hypothesis draws words of our modules, too
    assert core_text(odd, "fil") == odd
    assert core_element(odd, "en").unescape() == odd
    element = core_element(odd, "fil")
    assert element.startswith('<span lang="en">§ ')
    assert element.endswith("</span>")


@given(PLAIN.filter(lambda text: text and text not in TEMPLATES))
def test_values_stay_what_they_are_whoever_wrote_them(value: str) -> None:
    told = core_element(f"You have not handed in “§{value}§”.", "fil")
    assert told.unescape() == f"Hindi mo pa naipapasa ang “§{value}§”."
    assert "<" not in told


def test_a_sentence_of_many_parts_is_looked_up_quickly_and_a_long_one_not_at_all() -> None:
    assert in_language("; ".join(["a: b"] * 800), "fil") is None
    assert in_language("there is nothing in it" * 1000, "fil") is None


def test_templates_are_read_from_the_code_as_people_read_them(script: ModuleType) -> None:
    source = '''
def told(self, book):
    """Not this one."""
    log.info("nor this line of a log")
    why = f"{_percent(book.overall)} of {book.overall:g} is kept" + (f"; {len(book.rows)} more rows" if book.rows else "")
    columns = ("learner", "points_possible", "not-submitted")
    if why == "this is compared":
        raise BookError(f"no book {name!r}{'s' if name else ''} here", where="in the shelf", remedy="Look {} again.".format("there now"))
'''
    assert script.module_sentences(source, ("told",)) == [
        "{overall} of {overall2} is kept{plural}", "; {rows} more rows", "no book {name}{plural} here", "Look {value} again.", "there now",
    ]  # fmt: skip
    assert script.module_sentences(source, (script.ERRORS,)) == ["no book {name}{plural} here", "Look {value} again.", "there now"]
    with pytest.raises(LookupError, match="nothing_there"):
        script.module_sentences(source, ("nothing_there",))


@pytest.mark.slow
def test_every_module_that_pages_call_and_that_raises_errors_has_a_place_in_the_tables(script: ModuleType) -> None:
    called = {module for page in sorted((PROJECT / "portal" / "web").rglob("*.py")) for module in imported(page)}
    raising = {module for module in called if script.module_sentences((PROJECT / module).read_text(encoding="utf-8"), (script.ERRORS,))}
    assert raising - script.SHOWN.keys() - script.IN_ENGLISH.keys() == set()
    assert script.SHOWN.keys() & script.IN_ENGLISH.keys() == set()


def imported(page: Path) -> set[str]:
    """Return the modules of the core that a module of the pages imports, as paths."""
    modules = [node.module or "" for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    core = [
        each
        for each in modules
        if each.partition(".")[0] in {"courses", "autograder", "issuer", "portal"} and not each.startswith("portal.web")
    ]
    return {path for each in core if (PROJECT / (path := f"{each.replace('.', '/')}.py")).is_file()}
