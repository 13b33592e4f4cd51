"""Italian certified mail (Posta Elettronica Certificata): receipts and notices of the providers.

A sample:

    X-Ricevuta: errore-consegna

    Il giorno 21/09/2017 alle ore 05:44:10 (+0200) nel messaggio
    "Prestito" proveniente da "news@store.example"
    e destinato all'utente "ann@library.example"
    e stato rilevato un errore 5.1.1 - indirizzo non valido.
    Il messaggio e stato rifiutato dal sistema.

Source: RFC 6109, section 3 (the receipts and notices, and the field that names each); the Italian sentences
are remembered and not looked up. The receipt of acceptance speaks for the sender's own provider and of no delivery.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from bouncelib.format import Fingerprint, Format, report
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.patterns import late

_ACTIONS: Final = MappingProxyType(
    {
        "errore-consegna": Action.FAILED,
        "preavviso-errore-consegna": Action.DELAYED,
        "avvenuta-consegna": Action.DELIVERED,
    }
)
_RECIPIENT: Final = late(
    r"(?:destinato\s{1,4}all'utente|(?:ed\s{1,4})?indirizzato\s{1,4}a)\s{1,4}\"(?P<address>[^\"\s]{1,320})\"\s{0,4}(?P<said>[^\"]{0,600})"
)
_END: Final = "Identificativo"


def read(message: Message) -> Reading | None:
    """Return what the receipt says of its recipient, or None where it speaks of no delivery."""
    action = _ACTIONS.get((message.headers.get(b"x-ricevuta") or "").strip().lower())
    found = _RECIPIENT.search(message.notice) if action else None
    if found is None:
        return None
    said = " ".join(found["said"].partition(_END)[0].split())
    return report("pec", [Evidence(address=found["address"], action=action, diagnostic=said or None, format="pec")])


FORMAT: Final = Format("pec", (Fingerprint(headers=("x-ricevuta",)),), read=read)
