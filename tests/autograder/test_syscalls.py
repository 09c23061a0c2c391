"""System calls that Python has no function for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from autograder.sandbox import syscalls


@pytest.mark.parametrize("name", ["pivot_root", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"])
def test_libseccomp_knows_the_number_that_stands_in_our_list(name: str) -> None:
    assert syscalls.resolve_number(name) == syscalls.number_of(name)


def test_a_call_that_this_machine_does_not_have_is_refused_in_words() -> None:
    with pytest.raises(OSError, match="no such call is known on"):
        syscalls.number_of("fly_to_the_moon")


def test_a_process_whose_parent_has_ended_before_it_was_tied_to_it_ends() -> None:
    program = "import sys; from autograder.sandbox.syscalls import tie_to; tie_to(int(sys.argv[1])); print('goes on')"
    for parent, told in ((os.getpid(), "goes on\n"), (2**22, "")):
        done = subprocess.run([sys.executable, "-c", program, str(parent)], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == (told, 0 if told else 1)
