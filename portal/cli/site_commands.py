"""`patunay init` and `patunay doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portal.cli.options import HERE, JsonOption, SiteOption
from portal.cli.output import print_json, print_table, print_text, say


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("init")(init)
    app.command("doctor")(doctor)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new site's folder.", show_default=False)],
    url: Annotated[
        str, typer.Option(help="Where the site will be published; part of every credential.")
    ] = "https://credentials.bayanihan.example",
    name: Annotated[str, typer.Option(help="The site's name.")] = "Bayanihan Open University (sample) micro-credentials",
    issuer: Annotated[str, typer.Option(help="The institution that awards.")] = "Bayanihan Open University (sample)",
    issuer_url: Annotated[str, typer.Option(help="The institution's home page.")] = "https://bayanihan.example",
    email: Annotated[str, typer.Option(help="Where questions about credentials go.")] = "registrar@bayanihan.example",
    country: Annotated[str, typer.Option(help="The institution's country, ISO 3166-1 alpha-2.")] = "PH",
    did_method: Annotated[str, typer.Option(help="web: the key is published at the url. key: for trying out.")] = "web",
    samples: Annotated[bool, typer.Option("--samples/--no-samples", help="Copy the sample courses.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Make a new site: settings, keys, folders, example courses.

    Example: `patunay init mysite --url https://badges.example.edu --issuer "Example University" --email registrar@example.edu`
    """
    from courses.samples import samples_folder
    from portal.site_making import NewSite, make_site

    chosen = tuple(sorted(path.parent.name for path in samples_folder().glob("*/course.toml"))) if samples else ()
    site = make_site(folder, NewSite(name, url, issuer, issuer_url, email, country, did_method, chosen))
    if as_json:
        print_json({"site": str(site.root), "courses": list(chosen), "key": str(site.keys / "issuer.pem")})
        return
    print_text(f"The site is ready in {site.root}.")
    say(f"Its key is {site.keys / 'issuer.pem'} (mode 0600, not encrypted): back it up, and show it to nobody.")
    say(f"To give it a passphrase: cd {site.root} && patunay key list, then patunay key protect KEY --by NAME")
    say(f"Next: cd {site.root} && patunay check {chosen[0] if chosen else 'COURSE'}")


def doctor(site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Say what this machine has and what is missing, and how to get it.

    Example: `patunay doctor`
    """
    from portal.doctoring import examine

    findings = examine(site)
    if as_json:
        print_json([{"name": each.name, "state": each.state, "told": each.told, "remedy": each.remedy} for each in findings])
    else:
        print_table(
            "patunay doctor",
            ("what", "state", "found", "how to mend it"),
            [(each.name, each.state, each.told, each.remedy) for each in findings],
        )
    if any(each.state == "missing" for each in findings):
        raise typer.Exit(1)
