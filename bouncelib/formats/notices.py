"""Notices that are no report of a delivery, each known by name: DMARC, TLS, lists', unsubscribing, Exim's, Postfix'.

A sample, of Postfix to its postmaster:

    Subject: Postfix SMTP server: errors from unknown[203.0.113.9]

    Transcript of session follows.

Source: RFC 7489, section 7.2 (DMARC), RFC 8460, section 5 (TLS), RFC 8058 and RFC 2369 (unsubscribing), the templates
of Mailman, Sympa and ezmlm, src/deliver.c of Exim ("Message frozen"), src/smtpd/smtpd_chat.c of Postfix. They are
asked before the servers' own formats, since most of them quote a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.model import Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs, fold

_ARCHIVES: Final = (
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-zip-compressed",
    "application/x-zip",
    "application/octet-stream",
    "application/xml",
)
# RFC 7489, section 7.2.1.1: receiver "!" policy domain "!" begin "!" end.
_DMARC_NAME: Final = late(rb"name\*?0?\*?=[^\n]{0,4}[^\s!\"]{3,255}![^\s!\"]{3,255}!\d{9,11}!\d{9,11}", re.IGNORECASE)
_DMARC_SUBJECT: Final = late(
    r"^(?:\[preview\] ?|dmarc: ?)?report domain: ?\S+.{0,10}submitter: ?|^dmarc (?:aggregate )?report (?:for|from|"
    r"domain)\b|^\[dmarc report\]"
)
_TLS_SUBJECT: Final = late(r"^report domain: ?\S+.{0,10}submitter: ?")
_UNSUBSCRIBE: Final = late(
    r"^(?:list[- ])?(?:unsubscribe|remove me|opt-?out|abmelden|desabonnement|darse de baja)\b[^\n]{0,80}$"
)
_LEAVE: Final = late(r"unsub|leave|remove|optout|opt-out|-off\b|signoff|abmeld|-request@", re.IGNORECASE)
_LIST_SUBJECT: Final = late(
    r"awaits moderator approval$|moderator (?:request|approval)|requires? (?:your )?approval|^confirm(?:ation)?\b|"
    r"your confirmation (?:is needed|required)|"
    r"^bounce action notification|^uncaught bounce|probe message|has been disabled|subscription (?:disabled|"
    r"notification|request|confirm|to|results)|"
    r"^(?:welcome to|you have been (?:un)?subscribed|you have left)|unsubscri(?:be|ption) (?:request|notification|"
    r"confirm|results)|"
    r"^(?:ezmlm (?:warning|probe|response)|warning from |goodbye from |moderate for |moderated? message)|"
    r"^message for list .{1,200} to be approved$|^(?:message|article) (?:a diffuser|to be approved|distribution|"
    r"from .{1,80} rejected)|^\[?(?:held|pending|moderat)|administrative|"
    r"error monitoring report|bounce rate|too many bounces|list .{0,80} bounce|subscription request to list|signoff request|"
    r"^request to mailing list|^password reminder|"
    r"mailing list memberships reminder|^invitation to|joined|removed from|has (?:left|joined)|"
    r"was(?: not)? (?:approved|rejected|refused|discarded)"
)
_LIST_WORDS: Final = late(
    r"mailing list|list (?:moderator|administrator|owner|master)|listmaster|moderator|subscription|subscriber|"
    r"subscribed|this is the (?:ezmlm program|mailman)|"
    r"probe message|bounce (?:action|score)|liste de diffusion|gnu mailman|your list|authenticat|distribut"
)
_FROZEN: Final = late(
    r"(?:message|warning)[^\n]{0,60}(?:has been|was) frozen|\bfrozen (?:on arrival|by|at)\b|the sender is <"
)
_ENOUGH: Final = 3000


def _text(message: Message) -> str:
    return " ".join(fold(message.notice[:_ENOUGH]).split())


def read_dmarc(message: Message) -> Reading | None:
    """Return a DMARC aggregate report (RFC 7489), or None."""
    if _DMARC_SUBJECT.search(Signs.of(message).subject):
        return _named("dmarc")
    for part in message.attachments:
        headers = part.headers
        if part.content_type in _ARCHIVES and _DMARC_NAME.search(
            (headers.raw(b"content-disposition") or b"") + b"\n" + (headers.raw(b"content-type") or b"")
        ):
            return _named("dmarc")
    return None


def read_tlsrpt(message: Message) -> Reading | None:
    """Return a report of TLS failures (RFC 8460), or None."""
    headers = message.headers
    if (
        headers.raw(b"tls-report-domain") is not None
        or b"tlsrpt" in (headers.raw(b"content-type") or b"").lower()
        or any(part.content_type.startswith("application/tlsrpt") for part in message.attachments)
    ):
        return _named("tlsrpt")
    return None


def read_unsubscribe(message: Message) -> Reading | None:
    """Return a mail that a List-Unsubscribe field asked for (RFC 2369, RFC 8058), or None."""
    signs = Signs.of(message)
    if not _UNSUBSCRIBE.match(signs.subject) or message.headers.raw(b"list-id") is not None:
        return None
    to = (message.headers.raw(b"to") or b"").decode("latin-1")
    brief = len(message.notice.strip()) < 300
    return (
        _named("unsubscribe")
        if brief and (_LEAVE.search(to) or signs.subject == "unsubscribe" or len(message.notice) < 100)
        else None
    )


def read_list(message: Message) -> Reading | None:
    """Return what mailing list software tells members, owners and moderators, or None."""
    signs = Signs.of(message)
    subject = signs.subject
    if signs.personal or not _LIST_SUBJECT.search(subject) or "results of your" in subject:
        return None
    text = _text(message)
    if not _LIST_WORDS.search(text) or _NOT_DELIVERED.search(text[:300]):
        return None
    return _named("list-notice")


# A report about a list's notice, with the notice's own header copied into it.
_NOT_DELIVERED: Final = late(r"non-?delivery|could not be delivered|delivery (?:has )?failed|undeliverable|not deliver")


def read_frozen(message: Message) -> Reading | None:
    """Return what Exim tells its postmaster of a message on its queue, or None."""
    return _named("frozen") if _FROZEN.search(_text(message)) else None


def read_transcript(message: Message) -> Reading | None:
    """Return the transcript of a session that Postfix sends to its postmaster, or None."""
    return _named("transcript") if "session follows" in _text(message) else None


def _named(name: str) -> Reading:
    return Reading(Kind.OTHER, (), (), name)


def _notice(name: str, read: Callable[[Message], Reading | None], *clues: Fingerprint) -> Format:
    return Format(name, clues, read=read, kind=Kind.OTHER)


FORMATS: Final = (
    _notice(
        "tlsrpt",
        read_tlsrpt,
        Fingerprint(headers=("tls-report-domain",)),
        Fingerprint(parts=("application/tlsrpt+gzip", "application/tlsrpt+json")),
        Fingerprint(types=("multipart/report tlsrpt",)),
    ),
    _notice(
        "dmarc",
        read_dmarc,
        Fingerprint(topics=("report domain", "dmarc report", "dmarc aggregate report")),
        Fingerprint(parts=_ARCHIVES),
    ),
    _notice("frozen", read_frozen, Fingerprint(topics=("message ... frozen", "frozen message", "messages frozen"))),
    _notice(
        "transcript",
        read_transcript,
        Fingerprint(
            topics=(
                "postfix smtp server errors from",
                "postfix smtp client errors from",
                "postfix lmtp client errors from",
            )
        ),
    ),
    _notice(
        "list-notice",
        read_list,
        Fingerprint(
            headers=(
                "x-list-administrivia",
                "x-mailman-version",
                "mailing-list",
                "x-listserver",
                "x-sympa-to",
                "x-ezmlm",
            )
        ),
        Fingerprint(senders=("sympa", "listmaster", "listserv", "majordomo", "mailman", "ecartis", "listar")),
        Fingerprint(
            topics=(
                "awaits moderator approval",
                "requires approval",
                "moderator approval",
                "uncaught bounce notification",
                "bounce action notification",
                "ezmlm warning",
                "ezmlm probe",
            )
        ),
    ),
    _notice("unsubscribe", read_unsubscribe, Fingerprint(topics=("unsubscribe", "abmelden", "opt out", "remove me"))),
)
