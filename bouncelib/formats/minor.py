"""Small writers whose reports are one list under one opening.

A sample (nullmailer):

    This is the nullmailer delivery system.  The message attached below
    could not be delivered to one or more of the intended recipients:

            <ann@library.example>

Source: beside each format.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format, Layout

FORMATS: Final = (
    # nullmailer 2.2, src/dsn.cc. What was said stands in the status part alone.
    Format(
        "nullmailer",
        (Fingerprint(phrases=("this is the nullmailer delivery system",)),),
        Layout(
            recipient=r"^\s{1,8}<(?P<address>[^<>\s]{1,320})>\s*$",
            opens=("this is the nullmailer delivery system",),
            said=False,
            delays=("has not been delivered to one or more", "delivery will continue to be attempted"),
        ),
    ),
    # chasquid 1.11, internal/queue/dsn.go (the template in the program). A list of addresses as they were written to comes first,
    # the details name those that failed.
    Format(
        "chasquid",
        (Fingerprint(phrases=("delivery of your message to the following recipient s failed permanently",)),),
        Layout(
            recipient=r"^- \"(?P<address>[^\s<>]{1,320})\" \([A-Za-z]{1,20}\) failed ",
            opens=("technical details:",),
        ),
    ),
    # PowerMTA, as seen in public test data. The notice says no more than that it failed.
    Format(
        "powermta",
        (Fingerprint(phrases=("i am sending you this message to inform you on the delivery status of a message",)),),
        Layout(
            recipient=r"^\s{0,8}<(?P<address>[^<>\s]{1,320})>\s{1,8}delivery (?:failed|delayed)",
            said=False,
            delays=("will continue trying", "delivery delayed"),
        ),
    ),
)
