"""Alt-N (MDaemon Technologies) MDaemon: a transcript of the session after the recipients.

A sample:

    The attached message had PERMANENT fatal delivery errors!

    The following addresses did NOT receive a copy of your message:

    > ann@library.example

    --- Session Transcript ---
     RCPT To:<ann@library.example>
     552 Message for <ann@library.example> would exceed mailbox quota
     QUIT
    --- End Transcript ---

and, for its own users:

    ann@library.example - no such user here.

Later releases stamp each line of the transcript, mark its direction and name one recipient:

    Failed address: ann@library.example

    --- Session Transcript ---
     Thu 2007-11-01 09:10:06: --> RCPT To:<ann@library.example>
     Thu 2007-11-01 09:10:07: <-- 550 5.1.1 <ann@library.example>... User unknown
    --- End Transcript ---

Source: seen in public test data (MDaemon 3.5 and its like); the later form from memory of its logs and notices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"^\s{0,4}(?:>|[Ff]ailed address:)\s{0,4}(\S{1,320}@\S{1,320})\s*$")
_LOCAL: Final = late(r"^\s{0,4}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s+-\s+(.{1,400})$")
_COMMAND: Final = late(r"^\s{0,4}([A-Z]{4}) ?(?:[Ff][Rr][Oo][Mm]:|[Tt][Oo]:)?\s{0,4}<?([^\s<>]{0,320})")
_ANSWER: Final = late(r"^\s{0,4}([245]\d\d)([- ])(.{0,1000})$")
# When it was, and in which direction; a star marks what the program itself has to say.
_STAMP: Final = late(
    r"^\s{0,4}(?:[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?: )?(?:\[[\w:.-]{1,40}\] )?(?:(?:<--|-->) |(\*) {1,4})?"
)
_DETAIL: Final = late(
    r"^(?:From|To|Cc|Subject|Message-ID|Size|P=\d{1,5}|D=\S{1,255}|Route slip\S{0,20}):? ", re.IGNORECASE
)
_SERVER: Final = late(r"^\s{0,4}220[- ]([A-Za-z0-9][A-Za-z0-9.-]{1,252})\s")
_OPENS: Final = "--- session transcript"
_CLOSES: Final = "--- end transcript"


def read(message: Message) -> Reading | None:
    """Return the recipients that are marked, with the reply to each, or the local one; None where there are none."""
    named: list[str] = []
    local: list[tuple[str, list[str]]] = []
    transcript: list[str] = []
    inside = False
    for line in message.lines:
        low = line.strip().lower()
        if inside:
            inside = not low.startswith(_CLOSES)
            transcript.append(line)
            continue
        inside = low.startswith(_OPENS)
        match = _RECIPIENT.match(line) if "@" in line else None
        own = _LOCAL.match(line) if "@" in line and not match else None
        if match:
            named += filter(None, [addresses.clean(match[1])])
        elif own and not local:
            address = addresses.clean(own[1])
            local += [(address, [own[2].strip()])] if address else []
        elif local and low and not low.startswith(": message contains"):
            local[-1][1].append(line.strip())
    delayed = _is_delay(message)
    action = Action.DELAYED if delayed else Action.FAILED
    if named:
        return report("mdaemon", list(_said(list(dict.fromkeys(named)), transcript, action)))
    return report("mdaemon", [_own(address, said, action) for address, said in local]) if local else None


def _is_delay(message: Message) -> bool:
    notice = message.notice.lower()
    return "permanent" not in notice and (
        "transient" in notice or "delay" in (message.headers.get(b"subject") or "").lower()
    )


def _own(address: str, said: Sequence[str], action: Action) -> Evidence:
    text = " ".join(said)
    return Evidence(address=address, action=action, diagnostic=text, refused=refusal(text), format="mdaemon")


@frozen
class _Refusal:
    """A reply of the transcript that is no success: to which command, for whom, by which server."""

    text: str
    command: str
    target: str
    host: str | None


def _refusals(transcript: Sequence[str]) -> tuple[list[_Refusal], str]:
    """Return the refusals of `transcript` in order, and its last note: how far it came where nobody refused."""
    command = target = note = told = ""
    host: str | None = None
    found: list[_Refusal] = []
    rows: list[str] = []
    for row in transcript:
        stamp = _STAMP.match(row)
        line = row[stamp.end() :] if stamp else row
        if stamp and stamp[1]:
            told = told if _DETAIL.match(line) else line.strip()
            continue
        answer = _ANSWER.match(line)
        if answer is None:
            sent = _COMMAND.match(line)
            if sent:
                command, target = sent[1], sent[2].rstrip(">").lower()
            elif line.strip() and not line.strip().startswith("---"):
                note = line.strip()
            continue
        server = _SERVER.match(line)
        host = host or (smtp.host_name(server[1]) if server else None)
        if answer[1].startswith("2"):
            continue
        rows.append(line.strip())
        # RFC 5321, section 4.2.1: a hyphen says that the reply goes on.
        if answer[2] != "-":
            found.append(_Refusal(smtp.join_lines(" ".join(rows)), command, target, host))
            rows = []
    return found, told or note


def _said(named: Sequence[str], transcript: Sequence[str], action: Action) -> Iterator[Evidence]:
    """Yield what the transcript says of each address: the first refusal that is for it or for the whole message."""
    refusals, note = _refusals(transcript)
    general = next((one for one in refusals if one.command != "RCPT"), None)
    own: dict[str, _Refusal] = {}
    for one in refusals:
        if one.command == "RCPT":
            own.setdefault(one.target, one)
    for address in named:
        refused = own.get(address.lower(), general)
        yield Evidence(
            address=address,
            action=action,
            diagnostic=(refused.text if refused else note) or None,
            remote_mta=refused.host if refused else None,
            host=refused.host if refused else None,
            stage=smtp.command_stage(refused.command) if refused and refused.command else None,
            refused=Refused.IN_SESSION if refused else refusal(note),
            format="mdaemon",
        )


FORMAT: Final = Format(
    "mdaemon",
    (
        Fingerprint(senders=("mdaemon",)),
        Fingerprint(
            phrases=("had permanent fatal delivery errors", "addresses did not receive a copy of your message")
        ),
    ),
    read=read,
)
