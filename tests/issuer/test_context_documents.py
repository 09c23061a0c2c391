from __future__ import annotations

import hashlib
from importlib.resources import files

import pytest

from issuer.context_documents import CLR_2, CREDENTIALS_V2, OPEN_BADGES, load_context, shipped_contexts
from issuer.errors import ContextError


def test_every_shipped_context_is_the_recorded_one() -> None:
    assert set(shipped_contexts()) == {CREDENTIALS_V2, *OPEN_BADGES, CLR_2}
    for url, source in shipped_contexts().items():
        data = (files("issuer") / "contexts" / source.file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == source.sha256
        assert "@context" in load_context(url)


def test_the_credentials_context_is_the_one_that_the_data_model_publishes() -> None:
    # Verifiable Credentials Data Model 2.0, appendix B.1
    assert shipped_contexts()[CREDENTIALS_V2].sha256 == "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def test_a_context_that_is_not_ours_is_refused_and_never_fetched() -> None:
    with pytest.raises(ContextError, match="not one of ours"):
        load_context("https://www.w3.org/2018/credentials/v1")
