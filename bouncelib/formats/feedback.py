"""Complaints that are not in the Abuse Reporting Format.

A sample:

    From: staff@hotmail.com
    Subject: complaint about message from 198.51.100.7
    Content-Type: message/rfc822

    X-HmXmrOriginalRecipient: ann@library.example

Source: the feedback loops' own descriptions (Microsoft's Junk Mail Reporting Program,
https://sendersupport.olc.protection.outlook.com/snds/; AOL's and Yahoo's loops before they took up ARF), the reports
of SpamCop (https://www.spamcop.net/) and public test data. The loop's address and the subject it is known by, or a
sentence that says that somebody complained, make a complaint; a person who writes about spam does not.
"""

from __future__ import annotations

from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, returned_to
from bouncelib.message import Message
from bouncelib.model import Evidence, Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs, fold

_SUBJECT: Final = late(
    r"^(?:complaint about message from|e-?mail feedback report|email abuse report|abuse report (?:for|from|about) |"
    r"client tos notification|"
    r"(?:[\w.!-]{2,30} ){1,3}(?:abuse|feedback|spam complaint) (?:report|notification)|(?:junk|"
    r"spam)(?: e?-?mail)? (?:report|complaint) (?:for|from|about) )|"
    r"^\[spamcop \(|(?:spam|abuse) (?:complaint|report) (?:for|from|about|against) (?:ip )?\[?\d{1,3}(?:\.\d{1,3}){3}"
)
_SENTENCE: Final = late(
    r"this is an? (?:[\w.!-]{1,30} ){0,4}(?:abuse|feedback|complaint|spam) (?:report|notification|"
    r"message)? ?(?:for|about|regarding) an? (?:e-?mail )?message|"
    r"(?:a|our|one of our) (?:user|member|customer|subscriber|recipient)s? (?:has |have )?(?:reported|complained|"
    r"marked|identified|flagged|clicked)[^.]{0,80}"
    r"(?:spam|junk|abus|unsolicited|unwanted)|"
    r"(?:the|this) (?:following |attached |below )?(?:e-?mail|message)[^.]{0,60}(?:has been|was) (?:reported|"
    r"marked|flagged|identified)[^.]{0,40} as (?:spam|junk|abus|unsolicited)[^.]{0,40} by |"
    r"^\[ spamcop v\d"
)
# X-ARF, the format that abuse desks agreed on beside RFC 5965 (http://www.x-arf.org/).
_MARKS: Final = ("x-arf", "x-xarf")
_LOOPS: Final = (
    "staff@hotmail.com",
    "scomp@aol.net",
    "scomp@aol.com",
    "feedbackloop",
    "fbl",
    "feedback",
    "fblreport",
    "abuse-report",
    "jmrp",
    "fbl-noreply",
    "@reports.spamcop.net",
)
_RECIPIENT: Final = late(
    r"(?im)^[ \t]{0,4}(?:original-rcpt-to|removal-recipient|x-hmxmroriginalrecipient|recipient|complainant|"
    r"reported by|complaint from)[ \t]*:[ \t]*([^\n]{3,300})"
)
_ENOUGH: Final = 4000


def read(message: Message) -> Reading | None:
    """Return the complaint that `message` is, or None where it is none."""
    signs = Signs.of(message)
    if signs.personal:
        return None
    known = any(name.encode() in signs.sender_keys for name in _LOOPS)
    titled = _SUBJECT.search(signs.subject) is not None
    original = message.original
    text = message.notice[:_ENOUGH]
    # X-ARF tells of attacks on servers, too.
    marked = "spam" in signs.subject and any(message.headers.raw(name.encode()) is not None for name in _MARKS)
    if (
        not marked
        and not (original is not None and known and titled)
        and not ((known or titled) and _SENTENCE.search(" ".join(fold(text).split())))
    ):
        return None
    named = [address for match in _RECIPIENT.finditer(text) for address in addresses.find_all(match[1])]
    people = list(dict.fromkeys(named)) or returned_to(message)
    return Reading(Kind.FEEDBACK, tuple([Evidence(address=one, format="feedback") for one in people]), (), "feedback")


FORMAT: Final = Format(
    "feedback",
    (
        Fingerprint(headers=_MARKS),
        Fingerprint(senders=_LOOPS),
        Fingerprint(
            topics=(
                "complaint about message",
                "feedback report",
                "abuse report",
                "spam report",
                "spam complaint",
                "junk report",
                "junk mail report",
                "client tos notification",
                "abuse notification",
                "feedback notification",
            )
        ),
    ),
    read=read,
    kind=Kind.FEEDBACK,
)
