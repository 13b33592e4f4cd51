"""Acme Post: how its reports look, and what its words mean.

A sample:

    Acme Post regrets: a letter could not be delivered.

    Recipient: ann@library.example
    Asked: mx.library.example
    Answer: 550 5.1.1 No such user

    The letter follows.

Source: the reports of our own Acme Post 4.2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bouncelib import Fingerprint, Format, Layout

FORMAT: Final = Format(
    "acme",
    (Fingerprint(phrases=("acme post regrets", "acme post is still trying")),),
    Layout(
        recipient=r"^recipient: (?P<address>[^\s<>]{1,320})$",
        fields={"asked:": "remote_mta", "answer:": "diagnostic"},
        closes=("the letter follows",),
        delays=("acme post is still trying",),
    ),
)


def rules() -> Path:
    """Return the file of rules, for the entry point."""
    return Path(__file__).with_name("acme.toml")
