"""Acknowledgements of ticket systems: the request has arrived, and has a number.

A sample:

    From: Books via RT <books@library.example>
    Subject: [library.example #771] AutoReply: Undelivered Mail Returned to Sender
    X-RT-Loop-Prevention: library.example

    This message has been automatically generated in response to the
    creation of a trouble ticket regarding:

Source: the templates that Request Tracker (etc/initialdata), OTRS (scripts/database/initial_insert.xml), Zendesk and Jira
Service Management come with. They are asked before the mail servers' own formats: they quote what they answer, a bounce too.
What an agent writes carries the same fields, so the words of the receipt must open the text.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.model import Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs, fold

# Fields of one system each, and the one that most of the others write.
_HEADERS: Final = (
    "x-rt-loop-prevention",
    "x-otrs-loop",
    "x-zendesk-from-account-id",
    "x-jira-fingerprint",
    "x-servicenow-generated",
    "x-auto-response-suppress",
)
_RECEIVED: Final = late(
    r"automatically generated in response to the creation of|"
    r"your (?:support |help ?desk |service )?(?:request|ticket|e-?mail|enquiry|inquiry)\b[^.]{0,80} (?:was|has been) "
    r"(?:received|created|opened|logged|registered)|"
    r"we(?:'ve|'ll| have)? (?:got|received) your (?:request|message|e-?mail|enquiry|inquiry|question)|"
    r"(?:ihre|deine) (?:anfrage|nachricht|e-?mail|mail)\b[^.]{0,80} (?:eingegangen|erhalten|registriert)|"
    r"votre (?:demande|message|e-?mail)\b[^.]{0,80} ete (?:bien )?(?:recue?|enregistree?|prise? en compte)|"
    r"(?:su|tu) (?:solicitud|consulta|mensaje)\b[^.]{0,80} (?:ha sido|fue) (?:recibid|registrad|cread)|"
    r"sua (?:solicitacao|mensagem)\b[^.]{0,80} foi (?:recebida|registrada|criada)|"
    r"(?:sua|tua) richiesta\b[^.]{0,80} (?:ricevuta|registrata)|uw (?:verzoek|aanvraag|bericht|vraag)\b[^.]{0,80} ontvangen"
)
_OPENING: Final = 300


def read(message: Message) -> Reading | None:
    """Return the acknowledgement that `message` is, or None where it is none."""
    if message.media == "multipart/report" or Signs.of(message).from_daemon:
        return None
    opening = " ".join(fold(message.notice[: 2 * _OPENING]).split())[:_OPENING]
    return Reading(Kind.AUTO_REPLY, (), (), "ticket") if _RECEIVED.search(opening) else None


FORMAT: Final = Format("ticket", (Fingerprint(headers=_HEADERS),), read=read, kind=Kind.AUTO_REPLY)
