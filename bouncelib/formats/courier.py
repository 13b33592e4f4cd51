"""Courier: the transcript under each recipient of its notice.

A sample:

    This is a delivery status notification from mail.store.example,
    running the Courier mail server, version 1.0.16.

                               UNDELIVERABLE MAIL

    Your message to the following recipients cannot be delivered:

    <ann@library.example>:
        mx.library.example [192.0.2.25]:
    >>> RCPT TO:<ann@library.example>
    <<< 550 5.1.1 User unknown

Source: Courier, courier/doc templates dsnheader.txt, dsnfailed.txt, dsndelayed.txt, dsndelivered.txt,
dsnrelayed.txt and courier/module.dsn; transcripts as seen in public test data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_SECTIONS: Final = (
    ("undeliverable mail", Action.FAILED),
    ("delays in delivering your message", Action.DELAYED),
    ("message delivered successfully", Action.DELIVERED),
    ("message delivered to a mail gateway", Action.RELAYED),
)
_RECIPIENT: Final = late(r"^[ \t]{0,8}<([^<>]{1,320})>:?[ \t]*$")
_HOST: Final = late(r"^\s{1,8}([A-Za-z0-9][A-Za-z0-9_.-]{0,253}) \[[^\]]{1,80}\]:")
_RULE: Final = "----------"


def read(message: Message) -> Reading | None:
    """Return the recipients of every section, or None where there are none."""
    action: Action | None = None
    found: dict[str, tuple[str, Action, list[str]]] = {}
    said: list[str] = []
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        section = next((action for text, action in _SECTIONS if low == text), None)
        action = section or action
        match = _RECIPIENT.match(line) if action else None
        address = addresses.clean(match[1]) if match else None
        if address and action:
            said = found.setdefault(address.lower(), (address, action, []))[2]
        elif bare.startswith(_RULE) or section:
            said = []
        elif bare:
            said.append(line)
    recipients = [_evidence(address, action, lines) for address, action, lines in found.values()]
    return report("courier", recipients) if recipients else None


def _evidence(address: str, action: Action, lines: Sequence[str]) -> Evidence:
    host = next((match[1].lower() for match in map(_HOST.match, lines) if match), None)
    turns = smtp.read_transcript(line for line in lines if not _HOST.match(line))
    replies = [turn for turn in turns if turn.reply]
    # Where several commands were answered, the last answer is the refusal.
    last = replies[-1] if replies else None
    text = last.text if last else " ".join(turn.text for turn in turns)
    return Evidence(
        address=address,
        action=action,
        diagnostic=text or None,
        remote_mta=host,
        host=host,
        stage=smtp.command_stage(last.command) if last and last.command else None,
        format="courier",
    )


FORMAT: Final = Format("courier", (Fingerprint(phrases=("running the courier mail server",)),), read=read)
