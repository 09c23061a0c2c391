"""What holds for all tests: the gate tries the same examples of every property each time; `make test-all` looks for new ones."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=500)
settings.load_profile("gate")
