"""1&1, IONOS and their kin: kundenserver.de, GMX, WEB.DE and mail.com, whose reports look like Exim's and are not.

A sample:

    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of
    its recipients. This is a permanent error. The following address
    failed:

    "ann@library.example":
    SMTP error from remote server after RCPT command:
    host: mx.library.example
    5.2.2 <ann@library.example>... Mailbox full

    --- The header of the original message is following. ---

Source: reports of kundenserver.de and GMX as seen in public test data. The addresses stand at the
margin, in angle brackets, in quotation marks, or bare, with or without a colon; what was
said may be announced ("For the following reason:").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, read_lines, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    opens=(
        "could not be delivered to one or more of",
        "not yet been delivered to the following address",
        "following address failed",
        "following addresses failed",
    ),
    recipient=r"^\s{0,8}[\"<]?(?P<address>[^\s<>\"]{1,254}@[^\s<>\":]{1,254})[\">]?:?\s*$",
    closes=("--- ", "no action is required"),
    fields={
        "for the following reason": "skip",
        "reason:": "diagnostic",
        "this is a permanent error": "skip",
        "its recipients": "skip",
    },
    blanks=2,
)
_HOST: Final = late(r"\bhost:? ([A-Za-z0-9][A-Za-z0-9_.-]{0,253})")
_COMMAND: Final = late(r"(?:after|for) ([A-Z]{4,8})(?: (?:FROM|TO))? command", re.IGNORECASE)
_DELAYED: Final = late(r"has not yet been delivered", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the addresses of the list, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    if not found:
        return None
    action = Action.DELAYED if _DELAYED.search(message.notice) else Action.FAILED
    return report("einsundeins", [_evidence(action, **facts) for facts in found])


def _evidence(action: Action, address: str, diagnostic: str | None = None, **_: Any) -> Evidence:  # noqa: ANN401 - the facts of a layout
    text = diagnostic or ""
    named = _HOST.search(text)
    host = smtp.host_name(named[1]) if named else None
    command = _COMMAND.search(text)
    spoke = command is not None and host is not None and (smtp.find_reply(text).code or smtp.find_reply(text).status)
    return Evidence(
        address=address,
        action=action,
        diagnostic=diagnostic,
        remote_mta=host,
        host=host,
        stage=smtp.command_stage(command[1]) if command else None,
        refused=refusal(f"550 {text}" if spoke else text, host),
        format="einsundeins",
    )


FORMAT: Final = Format(
    "einsundeins",
    (
        Fingerprint(phrases=("the header of the original message is following",)),
        Fingerprint(
            senders=(
                "mailer-daemon@kundenserver.de",
                "mailer-daemon@mail.gmx.com",
                "mailer-daemon@mail.gmx.net",
                "mailer-daemon@gmx.com",
                "mailer-daemon@gmx.net",
                "mailer-daemon@gmx.de",
                "mailer-daemon@web.de",
                "mailer-daemon@mail.com",
                "mailer-daemon@perfora.net",
                "mailer-daemon@1and1.com",
            ),
            subjects=("mail delivery failed", "warning: message"),
        ),
    ),
    read=read,
)
