"""Refusals in the shape of a read receipt: Sieve's reject and over-quota notices, as Dovecot and Cyrus send them.

A sample:

    Your message to <ann@library.example> was automatically rejected:
    I do not want mail from shops.

    Reporting-UA: imap.library.example; Dovecot Mail Delivery Agent
    Final-Recipient: rfc822; ann@library.example
    Disposition: automatic-action/MDN-sent-automatically; deleted

Source: Dovecot, src/lib-lda/mail-send.c; Pigeonhole, sieve-actions.c; Cyrus IMAP, imap/lmtp_sieve.c; RFC 5429,
section 2.2.1 (a reject may be sent as an MDN). A message that somebody deleted unread is a receipt: what makes the
difference is that the text, the subject or RFC 3834's header says "rejected".
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs

_TYPES: Final = ("message/disposition-notification", "message/global-disposition-notification")
_REJECTED: Final = late(
    r"(?:was|has been|were) (?:automatically )?(?:rejected|refused)|automatically rejected|mailbox (?:is )?full|"
    r"quota exceeded|over quota",
    re.IGNORECASE,
)
_SUBJECT: Final = late(r"^(?:automatically rejected|rejected(?: mail)?:|mail rejected|message rejected)")
_LEAD: Final = late(
    r"your message (?:to <?[^\n<>]{1,254}>? )?was automatically rejected\b[^\n:.]{0,80}[:.]?|"
    r"the following reason was given:?",
    re.IGNORECASE,
)
_ENOUGH: Final = 2000


def read(message: Message) -> Reading | None:
    """Return the refusal that comes as a disposition notification, or None where it is a receipt."""
    fields: dict[str, str] = {}
    for part in message.attachments:
        if part.content_type in _TYPES:
            for group in part.fields(message.limits.status_bytes):
                for name, value in group:
                    fields.setdefault(name.lower(), value)
    disposition = fields.get("disposition", "").lower().partition(";")
    kind = (disposition[2] or disposition[0]).strip()
    if not kind.startswith(("deleted", "denied", "failed")) or "manual-action" in disposition[0]:
        return None
    signs = Signs.of(message)
    notice = message.notice
    submitted = (message.headers.get(b"auto-submitted") or "").lower()
    if not ("reject" in submitted or _SUBJECT.search(signs.subject) or _REJECTED.search(notice[:_ENOUGH])):
        return None
    original = addresses.from_orcpt(fields["original-recipient"]) if "original-recipient" in fields else None
    final = addresses.from_field(fields.get("final-recipient", ""))[1] or original
    if final is None:
        return None
    if original is None and "." not in final.rpartition("@")[2]:
        original = _written_to(message, final)
    evidence = Evidence(
        address=final,
        original_address=original,
        action=Action.FAILED,
        diagnostic=_reason(notice) or None,
        format="dovecot",
        fields=tuple(fields.items()),
    )
    return report("dovecot", [evidence], tuple(fields.items()))


def _written_to(message: Message, final: str) -> str | None:
    """Return the address in the returned header of the user whom Cyrus names by no domain but its own word for one (`internal`)."""
    user = final.rpartition("@")[0].lower() + "@"
    return next((one for one in returned_to(message) if one.lower().startswith(user)), None)


def _reason(notice: str) -> str:
    """Return the words in which the notice gives the reason: what follows the sentence that tells of the refusal."""
    said = notice
    for _ in range(2):
        match = _LEAD.search(said[:_ENOUGH])
        if match is None or not said[match.end() :].strip():
            break
        said = said[match.end() :]
    return " ".join(said.split())[:_ENOUGH]


FORMAT: Final = Format("dovecot", (Fingerprint(parts=_TYPES),), read=read)
