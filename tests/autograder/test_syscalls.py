"""The numbers of system calls."""

from __future__ import annotations

import pytest

from autograder.sandbox import syscalls


@pytest.mark.parametrize("name", ["pivot_root", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"])
def test_libseccomp_knows_the_number_that_stands_in_our_list(name: str) -> None:
    assert syscalls.resolve_number(name) == syscalls.number_of(name)


def test_a_call_that_this_machine_does_not_have_is_refused_in_words() -> None:
    with pytest.raises(OSError, match="no such call is known on"):
        syscalls.number_of("fly_to_the_moon")
