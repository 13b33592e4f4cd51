"""KDDI's network mail (au one net, dion.ne.jp).

A sample:

    Your mail sent on: Mon, 23 Nov 2026 18:00:00 +0900
         Could not be delivered to: <ann@library.example>
         As their mailbox is full.

Source: reports of dion.ne.jp as seen in public test data.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format, Layout

FORMAT: Final = Format(
    "kddi",
    (
        Fingerprint(
            phrases=("your mail sent on ... could not be delivered to", "your mail attempted to be delivered on")
        ),
    ),
    Layout(
        opens=("your mail sent on:", "your mail attempted to be delivered on:"),
        recipient=r"could not be delivered to:? {0,4}<?(?P<address>[^<>\s]{1,320})>?",
        blanks=1,
    ),
)
