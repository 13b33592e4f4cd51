"""au by KDDI, the mobile network (ezweb.ne.jp).

A sample:

    次のあて先へのメッセージはエラーのため送信できませんでした。

    Each of the following recipients was rejected by a remote
    mail server.

        Recipient: <ann@library.example>
        >>> RCPT TO:<ann@library.example>
        <<< 550 <ann@library.example>: User unknown

Source: reports of ezweb.ne.jp as seen in public test data. Other causes stand in a sentence before the addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"\s{0,20}Recipient:\s*<?([^<>\s]{1,320})>?", re.IGNORECASE)
_ALONE: Final = late(r"\s{0,20}<([^<>\s]{1,320})>\s*")
_FOLLOWS: Final = late(r"the following recipients? did not receive", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients with the reply of their transcript or the sentence before them, or None."""
    rejected: dict[str, list[str]] = {}
    alone: list[str] = []
    said: list[str] = []
    transcript: list[str] | None = None
    for line in message.lines:
        bare = line.strip()
        recipient = _RECIPIENT.match(line)
        single = _ALONE.fullmatch(line)
        address = addresses.clean((recipient or single)[1]) if recipient or single else None  # type: ignore[index]
        if recipient and address:
            transcript = rejected.setdefault(address, [])
        elif transcript is not None:
            transcript.append(bare)
        elif single and address:
            alone.append(address)
        elif bare and not alone and not _FOLLOWS.match(bare):
            said.append(bare)
    if rejected:
        return report("ezweb", [_refused(address, lines) for address, lines in rejected.items()])
    if not alone:
        return None
    # The English sentence names the cause, the Japanese ones only what to do.
    text = " ".join([bare for bare in said if bare.isascii()] or said)
    who = Refused.NEVER_REACHED if "not responding" in text else Refused.AFTER_ACCEPTANCE
    return report(
        "ezweb",
        [
            Evidence(address=one, action=Action.FAILED, diagnostic=text or None, refused=who, format="ezweb")
            for one in dict.fromkeys(alone)
        ],
    )


def _refused(address: str, lines: list[str]) -> Evidence:
    turn = next((turn for turn in smtp.read_transcript(lines) if turn.reply), None)
    text = turn.text if turn else " ".join(filter(None, lines))
    return failure("ezweb", address, text, stage=smtp.command_stage(turn.command) if turn else None, remote=True)


FORMAT: Final = Format(
    "ezweb",
    (
        Fingerprint(
            phrases=(
                "次のあて先へのメッセージはエラーのため送信できませんでした",
                "each of the following recipients was rejected by a remote mail server",
            )
        ),
        Fingerprint(senders=("postmaster@ezweb.ne.jp", "postmaster@au.com"), subjects=("mail system error",)),
    ),
    read=read,
)
