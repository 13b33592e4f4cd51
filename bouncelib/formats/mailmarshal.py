"""Trustwave (Marshal8e6, NetIQ) MailMarshal SMTP.

A sample:

    Your message:
       From:    bob@store.example
       Subject: Opening hours

    Could not be delivered because of

    550 5.1.1 User unknown

    The following recipients were affected:
        ann@library.example

    Additional Information
    ======================
    Original Sender:    <bob@store.example>
    Sender-MTA:         <192.0.2.10>
    Remote-MTA:         <192.0.2.25>

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_BECAUSE: Final = "could not be delivered because of"
_AFFECTED: Final = "the following recipients were affected"
_REMOTE: Final = late(r"Remote-MTA:\s*<?([^<>\s]{1,255})", re.IGNORECASE)
_REPORTING: Final = late(r"Reporting-MTA:\s*<?([^<>\s]{1,255})", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients that were affected, or None where there is none."""
    said: list[str] = []
    named: list[str] = []
    target: list[str] | None = None
    host = None
    fields: list[tuple[str, str]] = []
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if low.startswith(_BECAUSE):
            target = said
            bare = bare[len(_BECAUSE) :].strip(" :")
        elif low.startswith(_AFFECTED):
            target = named
            continue
        elif low.startswith(("additional information", "=====")):
            target = None
            continue
        remote, reporting = _REMOTE.match(bare), _REPORTING.match(bare)
        if remote:
            host = smtp.host_name(remote[1])
        elif reporting:
            fields.append(("Reporting-MTA", reporting[1]))
        if bare and target is not None:
            target.append(bare)
    recipients = list(dict.fromkeys(address for one in named if (address := addresses.clean(one))))
    if not recipients:
        return None
    text = " ".join(said)
    return report(
        "mailmarshal",
        [failure("mailmarshal", address, text, host) for address in recipients],
        fields,
    )


FORMAT: Final = Format(
    "mailmarshal",
    (Fingerprint(phrases=("could not be delivered because of", "the following recipients were affected")),),
    read=read,
)
