"""`patunay serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.options import HERE, SiteOption, site_at
from portal.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("serve")(serve)


def serve(
    address: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is everywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8765,
    try_out: Annotated[bool, typer.Option("--try-out", help="Choose who you are without proof; on this machine only.")] = False,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="How many processes answer; 0: as patunay.toml says (two, if there are two cores).")
    ] = 0,
    site: SiteOption = HERE,
) -> None:
    """Serve the pages that anyone sees: courses, achievements, verification. Signing in needs a hub: `patunay hub`.

    Example: `patunay serve --port 8765`
    """
    from portal.web.serving import serve as serve_portal

    def told(place: str) -> None:
        say(f"The portal is at {place} (end it with Ctrl+C).")

    serve_portal(site_at(site), address=address, port=port, started=told, try_out=try_out, workers=workers)
