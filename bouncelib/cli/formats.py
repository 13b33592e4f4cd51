"""``bouncelib formats``."""

from __future__ import annotations

import click

from bouncelib.cli.output import json_line, row


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each format as one line of JSON.")
def formats(*, as_json: bool) -> None:
    """Print one line a format that comes with bouncelib: its name, the kind of its reports, and what it reads.

    They stand in the order in which they are asked.
    """
    from importlib import import_module

    from bouncelib.formats import ORDER

    for name in ORDER:
        module = import_module(f"bouncelib.formats.{name}")
        told = (module.__doc__ or "").partition("\n")[0]
        found = getattr(module, "FORMATS", None) or (module.FORMAT,)
        for form_name, kind in dict.fromkeys((form.name, str(form.kind)) for form in found):
            if as_json:
                json_line({"name": form_name, "kind": kind, "reads": told})
            else:
                row((form_name, kind, told))
