# ruff: noqa: RUF001 - Greek
"""Mlmmj: a post that a list does not let through, and what the list tells members, owners and moderators.

A sample:

    From: readers+owner@library.example
    Subject: Post to readers@library.example denied: What is new this week
    Message-ID: <1795826851-1853-mlmmj-4156edcd@library.example>

    Hi, this is the Mlmmj program managing the <readers@library.example>
    mailing list.

    The message from <news@store.example> with subject "What is new this week"
    was unable to be delivered to the list because you are not a list
    subscriber.

Source: mlmmj 1.3, listtexts/ (deny-post in its eleven languages, help, list, faq). The id of the message is the same in all of
them. What waits for a moderator, and what none approved in time, is a notice of the list's own.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Kind, Reading, Refused
from bouncelib.patterns import late

_ID: Final = late(rb"-mlmmj-[0-9a-f]{1,16}@", re.IGNORECASE)
_DENIED: Final = late(
    r"unable to be delivered to the list|nun se pudo entregar a la llista|není možné doručit|"
    r"konnte nicht über die liste verteilt werden|ei voitu välittää postituslistalle|n'a pas pu être délivré à la liste|"
    r"δεν παραλήφθηκε από τη λίστα|non è stato possibile consegnare alla lista|não foi entregue na lista|"
    r"nebolo možné doručiť do mailovej|无法投递到列表"
)
_MODERATED: Final = late(
    r"because a moderator rejected it|without any moderator releasing|un moderador (?:refugólu|a rejeitou)|"
    r"dengún moderador lu lliberara|zamítnuta moderátorem|schválena moderátorem|von einem listenmoderator abgewiesen|"
    r"kein moderator|moderaattori esti|moderaattoreista ei hyväksynyt|un modérateur (?:l'a rejeté|ne le)|"
    r"κάποιος από τους διαχειριστές της λίστας το|κάποιος διαχειριστής να|un moderatore lo ha rifiutato|alcun moderatore lo|"
    r"um moderador a |moderátor nepovolil|povolil moderátor|版主"
)
_COMMAND: Final = late(
    r"^(?:information (?:for|pour)|informationen für die liste|subscribers to|inscrits à|abonnenten der liste|"
    r"frequently asked questions of) \S+@"
)
_OWNER: Final = late(r"\+(?:owner|help)\Z")
_ENOUGH: Final = 2000


def read(message: Message) -> Reading | None:
    """Return the list that did not take the post, or what sort of notice it is; None for what no list wrote."""
    headers = message.headers
    if not _ID.search(headers.raw(b"message-id") or b""):
        return None
    sender = addresses.clean(headers.get(b"from") or "") or ""
    keeper, _, host = sender.lower().rpartition("@")
    name = _OWNER.sub("", keeper)
    if name == keeper:
        return None
    found = next((one for one in returned_to(message) if one.lower() == f"{name}@{host}"), None)
    paragraphs = re.split(r"\n\s*\n(?! )", message.notice[:_ENOUGH]) if found else []
    for paragraph in paragraphs:
        # Chinese lines are broken between any two characters.
        text = " ".join(re.sub(r"(?<=[\u3000-\uffef])\n(?=[\u3000-\uffef])", "", paragraph).split())
        folded = text.casefold()
        if _DENIED.search(folded):
            if _MODERATED.search(folded):
                break
            # Without the subject of the post, which may say anything.
            said = re.sub(r'"[^"].*"|《.*》', " ... ", text)
            return report(
                "mlmmj",
                [
                    Evidence(
                        address=found,
                        action=Action.FAILED,
                        diagnostic=" ".join(said.split()),
                        refused=Refused.AFTER_ACCEPTANCE,
                        format="mlmmj",
                    )
                ],
            )
    asked = _COMMAND.search((headers.get(b"subject") or "").casefold())
    return Reading(Kind.AUTO_REPLY if asked else Kind.OTHER, format="mlmmj")


FORMAT: Final = Format(
    "mlmmj",
    (
        Fingerprint(phrases=("mlmmj",)),
        Fingerprint(
            topics=(
                "post to ... denied",
                "mensaxe a ... denegáu",
                "zaslat email do ... není možné",
                "ihre nachricht an ... wurde abgewiesen",
                "viesti listalle ... hylättiin",
                "message à ... refusé",
                "απορρίφθηκε απο τη",
                "messaggio a ... negato",
                "mensagem para ... recusada",
                "odmietnutie príspevku",
                "的邮件被拒绝",
                "information for",
                "information pour",
                "informationen für die liste",
                "subscribers to",
                "inscrits à",
                "abonnenten der liste",
                "frequently asked questions of",
            )
        ),
    ),
    read=read,
)
