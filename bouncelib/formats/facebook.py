"""Facebook's mail to its users: refused by their preferences.

A sample:

    This message was created automatically by Facebook.

    Based on the email preferences of the person you're trying to email, this message could not be delivered.

Source: reports as seen in public test data. The notice names nobody: the recipient is the one of the returned message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.model import Action, Evidence, Refused

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENS: Final = "this message was created automatically by facebook"


def read(message: Message) -> Reading | None:
    """Return the recipient of the returned message, or None where that names none or several."""
    text = " ".join(message.notice[:4000].split())
    at = text.lower().find(_OPENS)
    if at < 0:
        return None
    said = text[at + len(_OPENS) :].lstrip(". ").partition(". ")[0]
    return (
        report(
            "facebook",
            [
                Evidence(
                    address=address,
                    action=Action.FAILED,
                    diagnostic=said or None,
                    refused=Refused.AFTER_ACCEPTANCE,
                    format="facebook",
                )
                for address in named
            ],
        )
        if (named := returned_to(message))
        else None
    )


FORMAT: Final = Format("facebook", (Fingerprint(phrases=(_OPENS,)),), read=read)
