"""A writer without a name: "We had trouble delivering your message. Full details follow".

A sample:

    We had trouble delivering your message. Full details follow:

    Subject: 'Opening hours'
    Date: 'Mon, 23 Nov 2026 09:00:00 +0000'

    1 error(s):

    The following recipients returned permanent errors: ann@library.example. Reason: SMTP Server
    <192.0.2.25> refused to accept your message (DATA), with the following error message: [554 5.4.6 Hop count exceeded]

or, with no sentence before the server's name:

    SMTP Server <mx.library.example> rejected recipient <ann@library.example>
      (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]

Source: reports as seen in public test data; the form without a sentence before the server's name as other parsers describe it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_ERROR: Final = late(
    r"the following recipients? returned (?:permanent|temporary|transient) errors?: "
    r"(?P<named>.{1,4000}?)\. Reason: (?P<reason>)",
    re.IGNORECASE,
)
_REJECTED: Final = late(
    r"(?P<reason>)SMTP server <[^<>\s]{1,255}> rejected recipient <(?P<named>[^<>\s]{1,320})>", re.IGNORECASE
)
_END: Final = late(
    r" the following recipients? returned | the attachment contains | SMTP server <[^<>\s]{1,255}> rejected ",
    re.IGNORECASE,
)
_SERVER: Final = late(
    r"SMTP server <([^<>\s]{1,255})> .{1,400}?\((?:error following )?([A-Z]{4,8})(?: command)?\)", re.IGNORECASE
)
_MESSAGE: Final = late(r"(?:with the following error message|it responded as follows): \[(.*)", re.IGNORECASE)
_LOOK: Final = 16_384


def read(message: Message) -> Reading | None:
    """Return the recipients of each error, or None where there is none."""
    text = " ".join(message.notice[:_LOOK].split())
    found: dict[str, Evidence] = {}
    for match in (*_ERROR.finditer(text), *_REJECTED.finditer(text)):
        new = [address for address in addresses.find_all(match["named"]) if address not in found]
        end = _END.search(text, match.end()) if new else None
        said = text[match.end("reason") : end.start() if end else None].strip()
        found |= {address: _evidence(address, said) for address in new}
    return report("full_details", list(found.values())) if found else None


def _evidence(address: str, text: str) -> Evidence:
    server, words = _SERVER.search(text), _MESSAGE.search(text)
    host = server[1].lower() if server else None
    said = words[1].rstrip().removesuffix("]") if words else text
    return failure("full_details", address, said, host, stage=smtp.command_stage(server[2]) if server else None)


FORMAT: Final = Format(
    "full_details", (Fingerprint(phrases=("we had trouble delivering your message full details follow",)),), read=read
)
