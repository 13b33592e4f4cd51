"""Replies and codes in text: RFC 5321 replies, RFC 3463 codes, the steps of a session.

Pure functions on text: where a reply stands, what it is made of, which reply is the innermost of a wrapped one. Nothing
here knows what a reply means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from bouncelib.model import EnhancedCode, Stage
from bouncelib.patterns import late

# RFC 3463, section 2: class "." subject "." detail. Not a part of an IP address, a version or a longer number.
_CODE: Final = r"([245])\.(\d{1,2})\.(\d{1,3})(?![\d]|\.\d)"
# What must not stand before is asked after the first characters: a pattern that opens with a digit is looked for fast.
_STATUS: Final = late(r"([245])\.(?<![\d.\w][245]\.)(\d{1,2})\.(\d{1,3})(?![\d]|\.\d)")
# RFC 5321, section 4.2: three digits, then a space or a hyphen; an enhanced code may follow (RFC 2034, section 4).
_REPLY: Final = late(
    rf"([45][0-9]\d)(?<![\w.\-/@=]\d\d\d)(?<!\]:\d\d\d)(?<!line \d\d\d)(?<!port \d\d\d)(?=[\s\-:;,#)'\"<(]|$)"
    rf"(?:[\s\-:]{{0,2}}[#(\[<'\"]{{0,2}}{_CODE})?"
)
# What stands before numbers of other kinds: versions, dates.
_OTHER_NUMBER: Final = late(
    r"\b(?:version|release|v|ver|of|on|rev|mailman|postfix|exim|sendmail|php|imss|server)[ /:]{1,2}\Z", re.IGNORECASE
)
_NUMBER: Final = late(r"[45][0-5]\d(?=[\s\-][\s\-]?['\"#\w<(\[*])")
_QUOTES: Final = MappingProxyType({"'": "'", '"': '"', "<": ">", "(": ")", "[": "]"})
# What stands before the reply of another server that does not decide: a server that asked the sender's own server quotes what
# that said of the sender, and one that probes the recipient first (Postfix, reject_unverified_recipient) may ask again later.
_ASIDE: Final = (
    "unverified address",
    "sender address",
    "sender verif",
    "verify sender",
    "verify the sender",
    "sender callout",
    "callback",
)
# What stands before a reply that decides.
_INTRODUCTIONS: Final = ("said:", "smtp;", "was:", "returned", "responded", "address error", "->", ":")
# A run of spaces is looked at once, from its start.
_CONTINUATION: Final = late(r"(?<!\s)\s+([45]\d\d)[- ](?:([245]\.\d{1,2}\.\d{1,3})\s)?")
_NEAR: Final = 1_000
"""How many characters before a line of a reply are searched for its enhanced code."""
_STAGE: Final = late(
    r"(?:(?i:in reply to|after|response to|during|while sending|in response to|performing the|stage:?)\s+(?:the\s+|sending\s+)?"
    r"\W{0,2}(?i:(end of data|\.|initial connection|initial greeting|mail from|rcpt to|helo|ehlo|lhlo|starttls)|"
    r"(MAIL|RCPT|DATA|BDAT|"
    r"AUTH|pipelined (?:MAIL FROM|RCPT TO|DATA|sending data block|end of data)))(?![a-z]))",
)
_STAGES: Final = MappingProxyType(
    {
        "end of data": Stage.END,
        ".": Stage.END,
        "initial connection": Stage.CONNECT,
        "initial greeting": Stage.CONNECT,
        "connection": Stage.CONNECT,
        "mail from": Stage.MAIL,
        "mail": Stage.MAIL,
        "rcpt to": Stage.RCPT,
        "rcpt": Stage.RCPT,
        "data": Stage.DATA,
        "bdat": Stage.DATA,
        "helo": Stage.EHLO,
        "ehlo": Stage.EHLO,
        "lhlo": Stage.EHLO,
        "sending data block": Stage.END,
        "starttls": Stage.STARTTLS,
        "auth": Stage.AUTH,
    }
)
_HOST: Final = late(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9])?")
_SAID: Final = late(
    r"(?:\bhost|\bserver|\bfrom|\bto|\bby|\bat)\s+\[?([A-Za-z0-9][A-Za-z0-9_.-]{2,253})(?:\[[0-9A-Fa-f:.]+\]|\s\([^)]{0,80}\)|\s\[[0-9A-Fa-f:.]+\])?"
    r"(?::\d+)?\]?\s{0,3}(?:said|refused|:\s|during|after)"
)


class Reply(NamedTuple):
    """A reply found in a text: its code and its enhanced code."""

    code: str | None
    status: EnhancedCode | None


@lru_cache(maxsize=512)
def _status(class_: str, subject: str, detail: str) -> EnhancedCode | None:
    # RFC 3463 defines subjects 0 to 7; a larger one is a number of something else.
    return EnhancedCode(int(class_), int(subject), int(detail)) if len(subject) == 1 else None


def find_reply(text: str) -> Reply:
    """Return the first reply in `text`; its parts are None where there is none."""
    match = _REPLY.search(text)
    if match is None:
        return Reply(None, find_status(text))
    code, class_, subject, detail = match.groups()
    status = _status(class_, subject, detail) if class_ else None
    if status is None:
        status = find_status(text)
    return Reply(code, status)


def find_status(text: str) -> EnhancedCode | None:
    """Return the first enhanced code in `text` (RFC 3463), or None."""
    for match in _STATUS.finditer(text):
        status = _status(match[1], match[2], match[3])
        start = match.start()
        if status and not (start and _OTHER_NUMBER.search(text, max(0, start - 12), start)):
            return status
    return None


def unwrap(text: str) -> str:
    """Return the innermost reply that `text` quotes, or `text` itself where it quotes none.

    ``5.1.0 - Unknown address error 550-'5.1.1 ... unknown' (delivery attempts: 0)`` gives ``550-'5.1.1 ... unknown'``.
    """
    start = 0
    opener = ""
    for match in _NUMBER.finditer(text):
        at = match.start()
        # 503 follows a refusal in the same session (RFC 5321, section 4.1.4) and explains nothing.
        if not at or text[at - 1].isalnum() or text[at - 1] in ".-/" or (start and match[0] == "503"):
            continue
        before = text[max(0, at - 16) : at].rstrip(" #<").lower() if text[at - 1] not in "<(" else text[at - 1]
        if text[at - 1] == "<" or before[-1:] in _QUOTES or before.endswith(_INTRODUCTIONS):
            start = at
            opener = "<" if text[at - 1] == "<" else before[-1:]
    if not start or any(words in text[:start].lower() for words in _ASIDE):
        return text
    inner = text[start:]
    closer = _QUOTES.get(opener)
    if closer:
        end = inner.rfind(closer)
        if end > 8:
            inner = inner[:end]
    return inner.strip()


def join_lines(text: str) -> str:
    """Return a multi-line reply as one text: ``550-5.7.1 a 550 5.7.1 b`` is ``550 5.7.1 a b`` (RFC 5321, section 4.2.1)."""
    code = text[:3]
    if len(text) < 5 or text[3] not in "- " or not code.isdigit() or text.count(code) < 2:
        return text

    text = f"{code} {text[4:]}"

    def keep(match: re.Match[str]) -> str:
        at = match.start()
        # ``from MTA(smtp:[192.0.2.30]:25): 550 5.1.1 ...``: here the reply of another server begins.
        if match[1] != code or text.endswith("):", 0, at):
            return match[0]
        # The first line of a reply need not carry the enhanced code that a later one has.
        status = match[2]
        return f" {status} " if status and text.find(status, max(0, at - _NEAR), at) < 0 else " "

    return _CONTINUATION.sub(keep, text)


def find_stage(text: str) -> Stage | None:
    """Return the step of the session that `text` says was answered, or None."""
    if not (
        "eply to " in text
        or "sponse to " in text
        or "fter " in text
        or "uring " in text
        or "while s" in text
        or "forming the" in text
        or "tage" in text
    ):
        return None
    match = _STAGE.search(text)
    return _STAGES.get((match[1] or match[2]).lower().removeprefix("pipelined ")) if match else None


def find_host(text: str) -> str | None:
    """Return the server that `text` says spoke (``host mx.library.example[192.0.2.1] said: ...``), or None."""
    if not (
        "said" in text or "refused" in text or "]:" in text or "):" in text or " during" in text or " after" in text
    ):
        return None
    match = _SAID.search(text)
    return host_name(match[1]) if match else None


def host_name(text: str) -> str | None:
    """Return the host name or address literal in `text` without comments, brackets and final dot, or None."""
    match = _HOST.search(text)
    if match is None:
        return None
    name = match[0].lower()
    return name if "." in name or ":" in text else None


@frozen
class Turn:
    """One turn of a session's transcript: what a server answered, or what the reporting program noted beside it."""

    host: str | None
    """The server that the transcript talks to."""
    command: str
    """The command that was sent last to that server, as written; empty before the first."""
    text: str
    """The reply, its lines joined; or the note."""
    reply: bool
    """Whether a server said it."""


_TALKING: Final = late(r"^[. ]{0,8}while (?:talking|connected) to \[?([^\s\]:]{1,255})", re.IGNORECASE)
_REPLY_LINE: Final = late(r"^([245]\d\d)([- ]|$)(?:[245]\.\d{1,2}\.\d{1,3}[ -]?)?")


def read_transcript(lines: Iterable[str]) -> list[Turn]:
    """Return the turns of a transcript in which ``>>>`` marks what was sent, ``<<<`` what came back, and the rest are notes."""
    turns: list[Turn] = []
    host: str | None = None
    command = ""
    going_on = ""
    for line in lines:
        bare = line.strip()
        if not bare:
            continue
        talking = _TALKING.match(bare)
        if talking:
            host, command, going_on = talking[1].rstrip(".").lower(), "", ""
        elif bare.startswith(">>>"):
            command, going_on = bare[3:].strip(), ""
        elif bare.startswith("<<<"):
            text = bare[3:].strip()
            match = _REPLY_LINE.match(text)
            if match and match[1] == going_on and turns:
                # RFC 5321, section 4.2.1: the lines of one reply repeat its code.
                last = turns[-1]
                turns[-1] = Turn(
                    last.host, last.command, f"{last.text} {text[match.end() :].strip()}".strip(), reply=True
                )
                going_on = going_on if match[2] == "-" else ""
                continue
            going_on = match[1] if match and match[2] == "-" else ""
            if going_on and match:
                text = f"{text[:3]} {text[4:]}"
            turns.append(Turn(host, command, text, reply=True))
        else:
            going_on = ""
            turns.append(Turn(host, command, bare, reply=False))
    return turns


def command_stage(command: str) -> Stage | None:
    """Return the step of the session that `command` (``RCPT To:<ann@library.example>``) is, or None."""
    return _STAGES.get(command.partition(" ")[0].partition(":")[0].lower())
