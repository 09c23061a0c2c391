"""`patunay export …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, ByOption, SiteOption, now, site_at
from portal.cli.output import print_text, say

if TYPE_CHECKING:
    from issuer.certificate_words import Language
    from portal.exporting import Exported, Form

export_app = typer.Typer(help="Issued credentials in other forms: JWT, badge, certificate, record, ELM, LinkedIn.", no_args_is_help=True)

CredentialArgument = Annotated[str, typer.Argument(help="The credential's id (urn:uuid:…) or its UUID.", show_default=False)]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The file to write. Default: a name of its own, in this folder.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    export_app.command("credential")(credential)
    export_app.command("record")(record)
    export_app.command("link")(link)
    app.add_typer(export_app, name="export")


def credential(
    name: CredentialArgument,
    to: Annotated[str, typer.Option(help="json, jwt, png, svg, pdf, or elm.")] = "json",
    language: Annotated[str, typer.Option(help="Of the certificate: en or fil.")] = "en",
    out: OutOption = None,
    site: SiteOption = HERE,
) -> None:
    """Write an issued credential in one of its forms.

    Example: `patunay export credential 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --to pdf --language fil`
    """
    from portal.exporting import export_credential

    _write(export_credential(site_at(site), name, _form(to), language=_language(language)), out)


def record(
    learner: Annotated[str, typer.Argument(help="The learner's id.", show_default=False)],
    by: ByOption,
    course: Annotated[list[str] | None, typer.Option(help="Only this course. May be given again.", show_default=False)] = None,
    out: OutOption = None,
    site: SiteOption = HERE,
) -> None:
    """Stack a learner's credentials into one signed record (CLR 2.0), with the larger awards that they count towards.

    Example: `patunay export record ana --by "Ana Reyes"`
    """
    from portal.exporting import export_record

    _write(export_record(site_at(site), learner, tuple(course or ()), by=by, now=now()), out)


def link(name: CredentialArgument, site: SiteOption = HERE) -> None:
    """Print the link that adds a credential to a LinkedIn profile. The learner opens it, or not.

    Example: `patunay export link 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11`
    """
    from portal.exporting import linkedin_link

    print_text(linkedin_link(site_at(site), name))
    say("It leads to the public page of the credential: publish that first.")


def _write(exported: Exported, out: Path | None) -> None:
    from courses.storage import write_atomically

    path = out or Path(exported.name)
    write_atomically(path, exported.content)
    print_text(str(path))


def _form(name: str) -> Form:
    from portal.exporting import ENDINGS

    for form in ENDINGS:
        if form == name:
            return form
    raise typer.BadParameter(f"{name!r} is none of {', '.join(ENDINGS)}", param_hint="--to")


def _language(name: str) -> Language:
    if name == "en":
        return "en"
    if name == "fil":
        return "fil"
    raise typer.BadParameter(f"{name!r} is neither en nor fil", param_hint="--language")
