"""The `patunay` command with its subcommands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import Abort, TyperException

from courses.errors import DiagnosedError
from portal.cli import (
    authoring_commands,
    course_commands,
    demo_command,
    export_commands,
    extend_command,
    grading_commands,
    hub_command,
    issuing_commands,
    key_commands,
    mutation_command,
    register_commands,
    regrade_command,
    review_command,
    serve_command,
    similarity_command,
    site_commands,
    variant_command,
    verify_command,
    watch_command,
    withdrawal_commands,
    workflow_commands,
)
from portal.cli.output import say

INTERRUPTED = 130

app = typer.Typer(
    name="patunay",
    help="From nbgrader notebook work to micro-credentials that a stranger can check.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for module in (
    demo_command,
    site_commands,
    authoring_commands,
    workflow_commands,
    course_commands,
    mutation_command,
    grading_commands,
    regrade_command,
    review_command,
    variant_command,
    extend_command,
    similarity_command,
    issuing_commands,
    withdrawal_commands,
    register_commands,
    key_commands,
    export_commands,
    verify_command,
    serve_command,
    watch_command,
    hub_command,
):
    module.register(app)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(list(arguments), standalone_mode=False, prog_name="patunay")
        sys.stdout.flush()
    except DiagnosedError as problem:
        say(f"patunay: {problem}", style="red")
        return 1
    except (Abort, KeyboardInterrupt):
        result = INTERRUPTED
    except TyperException as wrong:
        if wrong.format_message():  # empty where the help was printed because nothing was asked
            say(f"patunay: {wrong.format_message()}\nSee `patunay --help`, or `patunay COMMAND --help`.", style="red")
        return wrong.exit_code
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as refusal:
        where = f"{refusal.filename}: " if refusal.filename else ""
        say(f"patunay: {where}{refusal.strerror or refusal}\nCheck that path, then run the same command again.", style="red")
        return 1
    if result == INTERRUPTED:  # typer makes this of ^C
        say("patunay: stopped. Run the same command again: it goes on where it stopped.", style="yellow")
    return result if isinstance(result, int) else 0
