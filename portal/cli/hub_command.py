"""`patunay hub`."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.options import HERE, SiteOption, site_at
from portal.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("hub")(hub)


def hub(
    address: Annotated[str, typer.Option(help="Where browsers reach it; 0.0.0.0 is everywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65532, help="This one and the next three are used.")] = 8000,
    try_out: Annotated[
        bool, typer.Option("--try-out", help="Invented people with one password, one Unix user; on this machine only.")
    ] = False,
    site: SiteOption = HERE,
) -> None:
    """Start a JupyterHub for the site: sign-in, the portal, everybody's Jupyter server, formgrader.

    Example: `patunay hub --try-out`
    """
    from portal.hub.starting import start_hub

    start_hub(site_at(site), address=address, port=port, try_out=try_out, told=say)
