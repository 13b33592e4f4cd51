"""A transcript of the session, in whatever marks: what stands behind RCPT TO tells who was refused.

A sample:

    -> RCPT TO:<ann@library.example>
    <- 550 5.1.1 User unknown

Source: RFC 5321, section 3.3: each RCPT command has a reply of its own, and that to the end of the data holds for all
recipients that were accepted. The marks are those of small mail programs as seen in list archives. A recipient whose
command was accepted has not failed, although it stands in the same transcript.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading, Stage
from bouncelib.notice import original_start
from bouncelib.patterns import late
from bouncelib.signs import Signs

# The marks differ from program to program; the commands and the replies behind them do not.
_MARK: Final = late(
    r"[\s|]{0,12}(?:(?:<<<|>>>|<--?|--?>|<|>|[sc]:|server:|client:|in:|out:|sent:|rcvd:|received:)[ \t]{0,8})?",
    re.IGNORECASE,
)
_COMMAND: Final = late(r"(?:ehlo|lhlo|helo|mail from|rcpt to|data|rset|quit)\b", re.IGNORECASE)
_REPLY: Final = late(r"[245]\d\d(?:[ -]|$)")
_ENOUGH: Final = 1500


def read(message: Message) -> Reading | None:
    """Return the recipients that the transcript in `message` shows to be refused for good, or None where there are none."""
    if not Signs.of(message).plausible:
        return None
    whole = message.notice
    accepted: list[str] = []
    refused: dict[str, str] = {}
    for turn in smtp.read_transcript(_marked(whole[: original_start(whole)])):
        stage = smtp.command_stage(turn.command)
        if stage is Stage.MAIL and _is_of_another(message, turn.command):
            return None
        if stage is Stage.RCPT and turn.reply:
            for address in addresses.find_all(turn.command)[:1]:
                if turn.text.startswith("5"):
                    refused.setdefault(address, turn.text[:_ENOUGH])
                elif turn.text.startswith("2"):
                    accepted.append(address)
        elif stage is Stage.DATA and turn.reply and turn.text.startswith("5"):
            for address in accepted:
                refused.setdefault(address, turn.text[:_ENOUGH])
    if not refused:
        return None
    return report(
        "session",
        [
            Evidence(address=address, action=Action.FAILED, diagnostic=said, format="session", guessed=True)
            for address, said in refused.items()
        ],
    )


def _marked(text: str) -> Iterator[str]:
    """Yield the lines of `text` with the marks that `smtp.read_transcript` knows."""
    for line in text.split("\n"):
        mark = _MARK.match(line)
        said = line[mark.end() :] if mark else line
        yield f">>> {said}" if _COMMAND.match(said) else f"<<< {said}" if _REPLY.match(said) else said


def _is_of_another(message: Message, command: str) -> bool:
    """Return whether this tells the postmaster of somebody else's session: a bounce goes to the sender of MAIL FROM."""
    to = (message.headers.get(b"to") or "").lower()
    return "postmaster@" in to and not any(address.lower() in to for address in addresses.find_all(command))


FORMAT: Final = Format("session", (Fingerprint(phrases=("mail from ... rcpt to",)),), read=read, last_resort=True)
