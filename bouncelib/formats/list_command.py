"""What list servers answer by themselves, to a command in a mail or to any.

A sample:

    From: majordomo@lists.store.example
    Subject: Majordomo results: subscribe news

    >>>> subscribe news
    Succeeded.

Source: the answers of Majordomo, LISTSERV, Mailman, Sympa, Ecartis and ezmlm, as seen in public test data and list archives.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.model import Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs

_SUBJECT: Final = late(
    r"^(?:the )?results of your (?:e-?mail )?commands?|^majordomo results|^output of your job|^(?:ecartis|listar|"
    r"listserv|sympa|smartlist|petidomo|lyris)\b.{0,40}(?:results?|command|output|response)|"
    r"^results? of your (?:request|command)|^ezmlm response|^result(?:at)?s? (?:de vos commandes|ihrer befehle)|"
    r"^listserv: error|^rejected command|"
    # Mailman's own, for a post, a command, or a letter to the owner.
    r"^auto-response for your message to\b"
)


def read(message: Message) -> Reading | None:
    """Return the answer of a list server to a command, or None."""
    signs = Signs.of(message)
    if signs.personal or not _SUBJECT.search(signs.subject):
        return None
    return Reading(Kind.AUTO_REPLY, format="list_command")


FORMAT: Final = Format(
    "list_command",
    (
        Fingerprint(
            topics=(
                "results of your email commands",
                "results of your email command",
                "results of your commands",
                "majordomo results",
                "output of your job",
                "ezmlm response",
                "command results",
                "auto response for your message to",
            )
        ),
        Fingerprint(senders=("listserv", "majordomo", "sympa", "ecartis", "listar", "smartlist", "lyris")),
    ),
    read=read,
    kind=Kind.AUTO_REPLY,
)
