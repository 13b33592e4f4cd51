"""Gmail and Google Workspace: the text form of 2004 to 2017, the pictured one since, in any language; delays.

A sample:

    Delivery to the following recipient failed permanently:

         ann@library.example

    Technical details of permanent failure:
    Google tried to deliver your message, but it was rejected by the server for the recipient
    domain library.example by mx.library.example. [192.0.2.25].

    The error that the other server returned was:
    550 5.1.1 <ann@library.example>: Recipient address rejected: User unknown

    ----- Original message -----

Source: reports of Gmail as seen in public test data; https://support.google.com/mail/answer/6596 shows the newer
form. That one is translated: what counts in it is the header X-Failed-Recipients and the text after the last line that
ends in a colon.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Refused, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENS: Final = late(
    r"del[ie]very to the following recipients? (?:failed permanently|has been delayed|failed)", re.IGNORECASE
)
_ALONE: Final = late(r"\s{0,40}[*<]?\s{0,4}([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*")
_DETAILS: Final = late(r"technical details of (?:permanent|temporary) failure:?\s*(.*)", re.IGNORECASE)
_CLOSES: Final = late(r"\s{0,40}-{3,} ?(?:original message|message header)", re.IGNORECASE)
_RETURNED: Final = late(r"the error that the other server returned was:\s*", re.IGNORECASE)
_SERVER: Final = late(r"\bby ([A-Za-z0-9][A-Za-z0-9.-]{1,253}?)\.? \[[0-9A-Fa-f:.]{2,60}\]")
_ASKED: Final = late(
    r"\[(?:\(\d{1,4}\) )?([A-Za-z0-9][A-Za-z0-9.-]{1,253}?)\.? "
    r"\[?[0-9A-Fa-f:.]{2,60}\]?(?::\d{1,5})?(?: \(\d{1,4}\))?: "
)
_STATE: Final = late(r"\((?:state (\d{1,2})|SENT_([A-Z_]{3,20}))\)")
_STATES: Final = MappingProxyType(
    {
        "13": Stage.MAIL,
        "14": Stage.RCPT,
        "18": Stage.END,
        "HELO": Stage.EHLO,
        "EHLO": Stage.EHLO,
        "SECOND_EHLO": Stage.EHLO,
        "STARTTLS": Stage.STARTTLS,
        "MAIL_FROM": Stage.MAIL,
        "MAIL": Stage.MAIL,
        "RCPT_TO": Stage.RCPT,
        "RCPT": Stage.RCPT,
        "DATA": Stage.DATA,
        "MESSAGE": Stage.END,
    }
)
_HEADING: Final = late(r"\s*\*\* .{1,100} \*\*\s*")
_LINK: Final = late(r"https?://", re.IGNORECASE)
_UNREACHED: Final = late(
    r"did not accept our requests to connect|socket error|timed out|connection (?:was )?(?:dropped|refused|reset)|"
    r"dns (?:error|lookup|type)|could not initiate|domain name not found|no route|couldn't be found: ",
    re.IGNORECASE,
)
_SHORT: Final = 120


def read(message: Message) -> Reading | None:
    """Return the recipients of either form, or None where neither is there."""
    lines = message.lines
    failed = message.headers.get(b"x-failed-recipients")
    known = addresses.find_all(failed) if failed else []
    start = next((number for number, line in enumerate(lines) if _OPENS.search(line)), None)
    if start is None:
        named, text = _newer(lines, known)
    else:
        named, text = _older(lines[start + 1 :])
    subject = (message.headers.get(b"subject") or "").lower()
    late = "delay" in subject or (start is not None and "delayed" in lines[start].lower())
    recipients = named or known
    if not recipients:
        return None
    return report(
        "gmail", [_evidence(address, text, Action.DELAYED if late else Action.FAILED) for address in recipients]
    )


def _older(lines: Sequence[str]) -> tuple[list[str], str]:
    """Return the addresses of the list under its opening line, and the technical details."""
    named: list[str] = []
    details: list[str] | None = None
    for line in lines:
        if _CLOSES.match(line):
            break
        if details is not None:
            details.append(line.strip())
            continue
        match = _DETAILS.match(line.strip())
        if match:
            details = [match[1]]
            continue
        alone = _ALONE.fullmatch(line)
        address = addresses.clean(alone[1]) if alone else None
        if address and address not in named:
            named.append(address)
    return named, " ".join(" ".join(details or ()).split())


def _newer(lines: Sequence[str], known: Sequence[str]) -> tuple[list[str], str]:
    """Return the address that the translated sentence names, and what follows the line that announces the reply."""
    body = [line for line in lines if not _CLOSES.match(line)]
    introduced = None
    for number, line in enumerate(body):
        bare = line.strip()
        if bare.endswith((":", "\uff1a")) and len(bare) < _SHORT and not _LINK.search(bare):
            introduced = number
    said = " ".join(" ".join(body[introduced + 1 :]).split()) if introduced is not None else ""
    if not said and not known:
        return [], ""
    head = " ".join(body if introduced is None else body[:introduced])
    named = [
        address
        for address in addresses.find_all(head)
        if not known or address.lower() in {one.lower() for one in known}
    ]
    if not said:
        said = " ".join(
            " ".join(line for line in body if not _HEADING.fullmatch(line) and not _LINK.search(line)).split()
        )
    # A notice that names several addresses and has no header may name the sender.
    return (named if known or len(named) == 1 else []), said


def _evidence(address: str, text: str, action: Action) -> Evidence:
    returned = _RETURNED.search(text)
    server = (
        (_SERVER.search(text, 0, returned.start()) if returned else None) or _SERVER.search(text) or _ASKED.search(text)
    )
    host = smtp.host_name(server[1]) if server else None
    state = _STATE.search(text)
    said = text[returned.end() :] if returned else text
    return Evidence(
        address=address,
        action=action,
        diagnostic=said or text or None,
        remote_mta=host,
        host=host,
        stage=_STATES.get(state[1] or state[2]) if state else None,
        refused=_refused(said, remote=bool(returned or state or host)),
        format="gmail",
    )


def _refused(said: str, *, remote: bool) -> Refused | None:
    """Return who speaks: the other server, nobody that was reached, or Gmail of its own mailbox."""
    if remote and smtp.find_reply(said).code:
        return Refused.IN_SESSION
    if _UNREACHED.search(said):
        return Refused.NEVER_REACHED
    return Refused.AFTER_ACCEPTANCE if said and not remote else None


FORMAT: Final = Format(
    "gmail",
    (
        Fingerprint(
            senders=("mailer-daemon@googlemail.com", "mailer-daemon@gmail.com", "mailer-daemon@google.com"),
        ),
        Fingerprint(
            phrases=(
                "technical details of permanent failure",
                "technical details of temporary failure",
                "delivery to the following recipient failed permanently",
                "the error that the other server returned was",
            )
        ),
    ),
    read=read,
)
