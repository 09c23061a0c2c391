"""Canonical forms from templates are those that pyld writes, and those that pyoxigraph writes, whatever the learner's values are."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issuer.canonical import canonicalise
from issuer.canonical_template import NoTemplateError, Template, build_template
from issuer.errors import CredentialRefusedError
from tests.issuer.examples import example_award
from tests.issuer.learner_values import awards, canonical_by_pyoxigraph, unsigned

_TEMPLATES: list[Template] = []
"""One for each shape, kept over all examples: what is tested is that an old template fits a new learner."""


def template_of(document: dict[str, Any]) -> Template:
    for known in _TEMPLATES:
        if known.match(document) is not None:
            return known
    _TEMPLATES.append(build_template(document))
    return _TEMPLATES[-1]


def check(document: dict[str, Any]) -> None:
    template = template_of(document)
    values = template.match(document)
    assert values is not None
    filled = template.canonical(values)
    assert filled == canonicalise(document)
    assert filled == canonical_by_pyoxigraph(document)


@pytest.mark.slow
@given(awards())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_filled_template_is_what_pyld_and_pyoxigraph_write(award: Any) -> None:
    check(unsigned(award))


@pytest.mark.slow
@pytest.mark.thorough
@given(awards())
@settings(max_examples=4000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_filled_template_is_what_pyld_and_pyoxigraph_write_for_thousands(award: Any) -> None:
    check(unsigned(award))


def test_two_learners_of_one_course_share_a_template() -> None:
    first, second = unsigned(example_award()), unsigned(replace(example_award(), learner_name="X", overall_score=0.8, salt="0" * 32))
    assert build_template(first).match(second) is not None


def test_the_labels_of_several_blank_nodes_follow_their_hashes() -> None:
    """With a name there are two identity objects; which comes first depends on the salts."""
    template = build_template(unsigned(example_award()))
    orders = set()
    for number in range(20):
        document = unsigned(replace(example_award(), salt=f"{number:032x}"))
        values = template.match(document)
        assert values is not None
        filled = template.canonical(values)
        assert filled == canonicalise(document)
        orders.add(re.findall(r'_:c14n(\d) .*identityType> "(\w+)', filled).__repr__())
    assert len(orders) == (2 if len(unsigned(example_award())["credentialSubject"]["identifier"]) > 1 else 1)


def test_blank_nodes_that_look_alike_are_left_to_the_slow_way() -> None:
    document = unsigned(example_award())
    one = document["credentialSubject"]["identifier"][0]
    document["credentialSubject"]["identifier"] = [one, {**one, "salt": "1" * 32}]
    template = build_template(document)
    document["credentialSubject"]["identifier"] = [one, dict(one)]
    values = template.match(document)
    assert values is not None
    assert template.canonical(values) is None


def test_lines_that_become_equal_are_one_line() -> None:
    document = unsigned(example_award())
    document["evidence"] = [{**each, "narrative": "same", "name": "same"} for each in document["evidence"]]
    check(document)


MUTATIONS: list[tuple[str, Any]] = [
    ("a number for a text", lambda d: d["credentialSubject"].update(name=5)),
    ("true for 1", lambda d: d["credentialSubject"]["identifier"][0].update(hashed=1)),
    ("1 for 1.0", lambda d: d["credentialSubject"].update(creditsEarned="1.5")),
    ("another number of results", lambda d: d["credentialSubject"]["result"].pop()),
    ("another key", lambda d: d.update(extra="x")),
    ("another type", lambda d: d["evidence"][0].update(type=["Evidence", "Image"])),
    ("another context", lambda d: d.update({"@context": d["@context"][:1]})),
    ("a relative identifier", lambda d: d.update(id="relative")),
    ("an identifier with a bracket", lambda d: d["credentialSubject"].update(id="urn:uuid:> <x")),
    ("an identifier twice", lambda d: d["credentialSubject"].update(id=d["id"])),
    ("a control character", lambda d: d["credentialSubject"].update(name="a\x01b")),
    ("half a character", lambda d: d["credentialSubject"].update(name="a\ud800b")),
    ("U+FFFE", lambda d: d["evidence"][0].update(narrative="a\ufffeb")),
    ("another achievement", lambda d: d["credentialSubject"]["achievement"].update(name="Other")),
    ("null", lambda d: d["credentialSubject"].update(name=None)),
    ("keys in another order", lambda d: d.update(name=d.pop("name"))),
    ("too much text", lambda d: d["evidence"][0].update(narrative="é" * 300_000)),
]


@pytest.mark.parametrize(("what", "mutate"), MUTATIONS, ids=[what for what, _ in MUTATIONS])
def test_what_differs_in_more_than_texts_matches_no_template(what: str, mutate: Any) -> None:
    document = unsigned(example_award())
    template = build_template(document)
    changed = copy.deepcopy(document)
    mutate(changed)
    assert template.match(document) is not None
    assert template.match(changed) is None


def test_a_course_whose_text_looks_like_a_format_or_a_blank_node_fits_too() -> None:
    document = unsigned(example_award())
    document["credentialSubject"]["achievement"]["description"] = '100 % of "%s" _:c14n0 . \\ %(x)d'
    check(document)


def test_a_subject_with_a_did_of_its_own_has_no_template() -> None:
    document = unsigned(replace(example_award(), subject_id="did:key:z6MkexampleOfALearner"))
    with pytest.raises(NoTemplateError):
        build_template(document)
    assert canonicalise(document)


@given(st.sampled_from(["\x00", "\x1f", "\x7f", "\ud800", "\udfff", "\ufffe", "\uffff"]), st.text(max_size=5))
def test_characters_that_cannot_be_signed_are_refused_at_the_door_with_the_field_named(bad: str, text: str) -> None:
    award = replace(example_award(), learner_name="x" + text.replace("\n", "").replace("\r", "") + bad)
    try:
        unsigned(award)
    except CredentialRefusedError as refused:
        assert "name" in refused.where
    else:
        pytest.fail("it was not refused")
