"""Novell (Micro Focus) GroupWise: the Internet Agent.

A sample:

    The message that you sent was undeliverable to the following:

        ann@library.example (user not found)

Source: seen in public test data (GroupWise Internet Agent 7).
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format, Layout

FORMAT: Final = Format(
    "groupwise",
    (Fingerprint(phrases=("the message that you sent was undeliverable to the following",)),),
    Layout(
        recipient=r"^\s{0,16}<?(?P<address>[^\s<>()]{1,254}@[^\s<>()]{1,254})>?(?:\s{1,8}\((?P<text>.{1,2000}?)\)?)?\s*$",
        opens=("was undeliverable to the following",),
        said=False,
    ),
)
