"""A remembered shape changes how long an answer takes, never the answer."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.errors import DiagnosedError
from issuer.canonical import canonicalise
from issuer.known_shapes import MAX_SHAPES, KnownShapes
from tests.issuer.examples import example_award
from tests.issuer.learner_values import unsigned

pytestmark = pytest.mark.slow

SHAPES = KnownShapes()
_VALUES: list[Any] = [
    "",
    "x",
    "a\x00",
    "\ud800",
    "\ufffe",
    "%s",
    'q"\\\n',
    None,
    True,
    1,
    1.0,
    3e300,
    [],
    {},
    ["x"],
    {"id": "x"},
    "relative",
    "urn:uuid:> <",
]
_VALUES += [
    "urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11",
    "https://x.example/ y",
    "_:b0",
    "_:c14n0",
    {"@value": "x"},
    {"@id": "urn:x"},
    "@id",
    "2026-01-01",
]


def answer(canonical: Callable[[dict[str, Any]], str], document: dict[str, Any]) -> str:
    try:
        return canonical(document)
    except DiagnosedError as refused:
        return f"{type(refused).__name__}: {refused.problem} {refused.where}"


def mutated(document: dict[str, Any], choose: random.Random) -> dict[str, Any]:
    """Return the document with one thing changed, anywhere."""
    changed = copy.deepcopy(document)
    node: Any = changed
    while True:
        key = choose.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], (dict, list)) and node[key] and choose.random() < 0.85:
            node = node[key]
            continue
        how = choose.randrange(4)
        if how == 0:
            del node[key]
        elif how == 1 and isinstance(node, dict):
            node[choose.choice([str(key) + "x", "id", "type", "name", "@id", "https://x.example/p"])] = choose.choice(_VALUES)
        else:
            node[key] = choose.choice(_VALUES)
        return changed


@given(st.integers())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_changed_credentials_get_the_answer_of_the_slow_way(seed: int) -> None:
    document = unsigned(example_award())
    SHAPES.canonicalise(document)
    changed = mutated(document, random.Random(seed))
    assert answer(SHAPES.canonicalise, changed) == answer(canonicalise, changed)


def shuffled(value: Any, choose: random.Random) -> Any:
    """Return a copy whose objects have their members in another order."""
    if isinstance(value, dict):
        members = [(key, shuffled(inner, choose)) for key, inner in value.items()]
        choose.shuffle(members)
        return dict(members)
    return [shuffled(each, choose) for each in value] if isinstance(value, list) else value


@given(st.integers())
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_members_in_another_order_say_the_same(seed: int) -> None:
    document = unsigned(example_award())
    shapes, wanted = KnownShapes(), canonicalise(document)
    shapes.canonicalise(document)
    subject = {**document["credentialSubject"], "achievement": shuffled(document["credentialSubject"]["achievement"], random.Random(seed))}
    for changed in ({**document, "credentialSubject": subject}, shuffled(document, random.Random(seed))):
        assert shapes.canonicalise(changed) == wanted == canonicalise(changed)


def test_the_second_credential_of_a_shape_comes_from_its_template() -> None:
    shapes = KnownShapes()
    first, second = unsigned(example_award()), unsigned(replace(example_award(), salt="ab" * 16, overall_score=0.5))
    assert shapes.canonicalise(first) == canonicalise(first)
    assert shapes.canonicalise(second) == canonicalise(second)
    assert len(shapes._templates) == 1


def test_no_more_shapes_are_kept_than_allowed() -> None:
    shapes = KnownShapes()
    template = unsigned(example_award())
    for number in range(MAX_SHAPES + 3):
        document = copy.deepcopy(template)
        document["credentialSubject"]["achievement"]["id"] = f"https://x.example/{number}"
        shapes.canonicalise(document)
    assert len(shapes._templates) == MAX_SHAPES
