"""Trend Micro InterScan Messaging Security Suite and its forerunner, InterScan E-Mail VirusWall.

A sample:

    ****** Message from InterScan Messaging Security Suite ******

    Sent <<< RCPT TO:<ann@library.example>
    Received >>> 550 5.1.1 unknown user.

    Unable to deliver message to <ann@library.example> (and other recipients in the same domain).

    ************************     End of message     **********************

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_SENT: Final = late(r"sent\s*(?:<<<|>>>)\s*(\S.*)", re.IGNORECASE)
_RECEIVED: Final = late(r"received\s*(?:<<<|>>>)\s*(\S.*)", re.IGNORECASE)
_RCPT: Final = late(r"rcpt to:\s*<([^<>\s]{1,320})>", re.IGNORECASE)
_UNABLE: Final = late(r"(?:reason:\s*)?unable to deliver (?:the )?message to\s*<([^<>\s]{1,320})>", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients of the transcript and of the sentence, or None where there is none."""
    found: dict[str, tuple[str, str]] = {}
    sentences: dict[str, str] = {}
    command = ""
    recipient: str | None = None
    refused: tuple[str, str] | None = None
    for line in message.lines:
        bare = line.strip()
        if "end of message" in bare.lower() and bare.startswith("***"):
            break
        sent, received, unable = _SENT.match(bare), _RECEIVED.match(bare), _UNABLE.match(bare)
        if sent:
            command = sent[1]
            rcpt = _RCPT.match(command)
            recipient = addresses.clean(rcpt[1]) if rcpt else None
        elif received and received[1][:1] in "45":
            if recipient:
                found.setdefault(recipient, (command, received[1]))
            else:
                refused = refused or (command, received[1])
        elif unable:
            address = addresses.clean(unable[1])
            if address:
                sentences.setdefault(address, bare.removeprefix("Reason:").strip())
    for address, sentence in sentences.items():
        found.setdefault(address, refused or ("", sentence))
    return report("interscan", [_evidence(address, *said) for address, said in found.items()]) if found else None


def _evidence(address: str, command: str, text: str) -> Evidence:
    return Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=text,
        stage=smtp.command_stage(command) if command else None,
        refused=refusal(text, "remote") if command else None,
        format="interscan",
    )


FORMAT: Final = Format(
    "interscan",
    (
        Fingerprint(
            phrases=("message from interscan messaging security suite", "message from interscan e-mail viruswall")
        ),
        # Without the banner.
        Fingerprint(
            subjects=("mail could not be delivered", "メッセージを配信できません", "メール配信に失敗しました"),
            phrases=("unable to deliver message to", "sent rcpt to ... received"),
        ),
    ),
    read=read,
)
