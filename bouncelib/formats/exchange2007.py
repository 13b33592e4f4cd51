"""Exchange Server 2007 to 2019 and Exchange Online: the administrators' block under a notice in the reader's language.

A sample:

    Delivery has failed to these recipients or groups:

    ann@library.example<mailto:ann@library.example>
    The e-mail address you entered couldn't be found.

    Diagnostic information for administrators:

    Generating server: mail.store.example

    ann@library.example
    #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

    Original message headers:

From 2013 on the reply stands in ``Remote Server returned '550 ...'``, and a message that expired has one such line for
each try. Headings and prose are translated, addresses and replies are not: only these are read.

Source: https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/;
seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late
from bouncelib.signs import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bouncelib.message import Message
    from bouncelib.model import Reading

_NAMED: Final = late(
    r"^[ \t*]{0,8}(?:[^<>@\n]{0,120}[<(])?(?:mailto:)?([^\s<>()\[\],;:@]{1,254}@[^\s<>()\[\],;:@]{1,254})\)?"
    r"(?:\s?\([^()]{0,320}\))?(?:\s?<mailto:[^<>]{0,640}>)?>?[ \t]*$",
    re.IGNORECASE,
)
# 2007 and 2010: "#550 5.1.1 text ##", "#< #5.4.4 smtp;554 text> #SMTP#", each after the other server
# that said it, if there was one.
_HASHED: Final = late(r"^\s{0,8}(?:([A-Za-z0-9][A-Za-z0-9_.-]{1,252})\s)?#(?=[<\d])(.{3,})$")
_HASH_ENDS: Final = ("##", "#SMTP#")
# 2013 and later. The words before the quotation mark may be translated, the reply in it is not.
_QUOTED: Final = late(r"['\u2018\"]([245]\d\d[- ].+)$")
_SERVER: Final = late(r"\b(?:at|bei|en|a|i|de|em|op)\s([A-Za-z0-9][A-Za-z0-9_.-]{2,252})\s\([0-9A-Fa-f:.]{2,45}\)\s")
_SERVER_ONLY: Final = late(r"^\s{0,4}([A-Za-z0-9][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63}){1,8})\s*$")
_HEADER: Final = late(
    r"^\s{0,4}(?:received|return-path|dkim-signature|arc-[a-z-]{4,40}|authentication-results|received-spf|"
    r"from|to|date|message-id|mime-version|content-type|x-[a-z0-9-]{2,60}|thread-(?:topic|index)): ",
    re.IGNORECASE,
)
_RESOLVED: Final = late(
    r"\b(?:RESOLVER|STOREDRV|ROUTING|TRANSPORT|CAT|AGENT|APPROVAL|SMTPSEND\.(?:Over|Utf8))[.:]",
    re.IGNORECASE,
)
_LABELLED: Final = late(
    r"^\s{0,4}[^:\n]{4,40}?\s?[:\uff1a]\s?([A-Za-z0-9][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63}){1,8})\s*$"
)
_DELAYED: Final = late(
    r"^\W{0,2}(?:delay|verzogert|ubermittlung verzogert|retarde|remise retardee|retrasado|atrasado|ritardato|"
    r"vertraagd|forsenat|forsinket|"
    r"viivastynyt|opoznione|zpozdeno|kesleltetett|задержано|затримано|配信遅延|遅延|延迟|延遲|지연됨|gecikti|מעוכב|متأخر|καθυστερηση)"
)
_WAITING: Final = late(
    r"delivery is delayed to these recipients|has ?n(?:o|')t been delivered yet|has not yet been delivered",
    re.IGNORECASE,
)
_WAITS: Final = late(r"^4\d\d\s4\.4\.7\s", re.IGNORECASE)
# The server's own words for not having reached the other one.
_UNREACHED: Final = late(
    r"failed to connect|unable to connect|winsock error|dns query failed|nonexistentdomain|"
    r"connection (?:timed out|refused|dropped)|error encountered while communicating|"
    r"error communicating with target host|socket",
    re.IGNORECASE,
)
_HEADING: Final = late(
    r"delivery (?:has failed|is delayed) to these recipients|diagnostic information for administrators",
    re.IGNORECASE,
)
# Above a report that somebody forwards.
_FORWARDED: Final = late(
    r"\s{0,4}(?:from|to|cc|von|an|de|para|da|aan|van|fra|til|till):\s?[^@\n]{0,80}<mailto:", re.IGNORECASE
)
_MARKED: Final = "<mailto:"
_ROWS: Final = 40


@define
class _Block:
    """An address on a line of its own, and the lines under it."""

    address: str
    rows: list[str] = field(factory=list)


def read(message: Message) -> Reading | None:
    """Return the recipients of the administrators' block, or those of the notice where there is no such block."""
    blocks: list[_Block] = []
    reporter: str | None = None
    for line in message.lines:
        bare = line.strip()
        if not bare:
            if blocks and blocks[-1].rows:
                blocks[-1].rows.append("")
            continue
        if blocks and _HEADER.match(line):
            break
        if _FORWARDED.match(line):
            continue
        match = _NAMED.match(line) if "@" in line else None
        address = addresses.clean(match[1]) if match else None
        if address:
            blocks.append(_Block(address))
            continue
        label = _LABELLED.match(line) if ":" in line or "\uff1a" in line else None
        if label and reporter is None:
            reporter = label[1].lower()
        if blocks and len(blocks[-1].rows) < _ROWS:
            blocks[-1].rows.append(bare)
    delayed = (
        _DELAYED.match(fold(message.headers.get(b"subject") or "")) is not None
        or _WAITING.search(message.notice) is not None
    )
    recipients = list(_told(blocks, reporter, delayed=delayed))
    if not recipients and (_HEADING.search(message.notice) or _MARKED in message.notice):
        recipients = list(_named(blocks, delayed=delayed))
    fields = [("Reporting-MTA", f"dns; {reporter}")] if reporter else []
    return report("exchange2007", recipients, fields) if recipients else None


def _told(blocks: list[_Block], reporter: str | None, *, delayed: bool) -> Iterator[Evidence]:
    """Yield the recipients under whose address replies stand."""
    seen: set[str] = set()
    for block in blocks:
        replies, host, original = _replies(block.rows)
        if not replies or block.address.lower() in seen:
            continue
        seen.add(block.address.lower())
        if host == reporter:
            host = None
        text = " ".join(replies)
        own = host is None and _RESOLVED.search(replies[0])
        yield Evidence(
            address=block.address,
            original_address=original,
            action=Action.DELAYED if delayed or _WAITS.match(replies[0]) else Action.FAILED,
            diagnostic=text,
            remote_mta=host,
            host=host,
            refused=Refused.AFTER_ACCEPTANCE if own else _reached(replies[-1], host),
            format="exchange2007",
        )


def _reached(reply: str, host: str | None) -> Refused | None:
    return Refused.NEVER_REACHED if _UNREACHED.search(reply) else refusal(reply, host)


def _replies(rows: list[str]) -> tuple[list[str], str | None, str | None]:
    """Return the replies among `rows`, the remote server that is named last, and the original recipient if stated."""
    replies: list[str] = []
    host: str | None = None
    original: str | None = None
    for number, row in enumerate(rows):
        only = _SERVER_ONLY.match(row)
        if only and not replies:
            host = only[1].lower()
            continue
        hashed = _HASHED.match(row)
        quoted = None if hashed else _QUOTED.search(row)
        if hashed:
            text = _whole(rows, number, hashed[2], _HASH_ENDS)
            text, _, rest = text.rpartition("##") if "##" in text else (text.removesuffix("#SMTP#"), "", "")
            if rest.lower().startswith("rfc822;"):
                original = addresses.from_orcpt(rest)
            replies.append(_unhashed(text))
            host = (hashed[1] or host or "").lower() or None
        elif quoted:
            text = _whole(rows, number, quoted[1], ("'", "\u2019", '"', "'."))
            replies.append(text.rstrip().rstrip(".").rstrip("'\u2019\""))
            server = _SERVER.search(row, 0, quoted.start() + 1)
            host = server[1].lower() if server else host
    return replies, host, original


def _whole(rows: list[str], number: int, text: str, ends: tuple[str, ...]) -> str:
    """Return `text` with the rows that continue it: a forwarded report is often wrapped."""
    pieces = [text]
    while not (pieces[-1].rstrip().endswith(ends) or ("##" in ends and "##" in pieces[-1])):
        number += 1
        if number >= len(rows) or not rows[number] or rows[number].endswith(":"):
            break
        pieces.append(rows[number])
    return " ".join(pieces)


def _unhashed(text: str) -> str:
    """Return the reply in ``< #5.4.4 smtp;554 5.4.4 text>``, or `text` itself."""
    text = text.strip().rstrip("#").strip()
    if text.startswith("<"):
        text = text.strip("<>").strip()
        head, semicolon, reply = text.partition("smtp;")
        return reply.strip() if semicolon else head.rpartition("#")[2].strip() or text
    return text


def _named(blocks: list[_Block], *, delayed: bool) -> Iterator[Evidence]:
    """Yield the recipients whom the notice names before it explains: all that is left where the block is cut off."""
    if not blocks:
        return
    seen: set[str] = set()
    said = next((block.rows for block in blocks if block.rows), [])
    text = " ".join(said[: said.index("")] if "" in said else said)
    for block in blocks:
        if block.address.lower() in seen:
            break
        seen.add(block.address.lower())
        yield Evidence(
            address=block.address,
            action=Action.DELAYED if delayed else Action.FAILED,
            diagnostic=text or None,
            format="exchange2007",
        )
        if "" in block.rows:
            break


FORMAT: Final = Format(
    "exchange2007",
    (
        Fingerprint(
            phrases=(
                "diagnostic information for administrators",
                "diagnoseinformationen fur administratoren",
                "informations de diagnostic pour les administrateurs",
                "informazioni di diagnostica per gli amministratori",
                "diagnostische gegevens voor beheerders",
                "diagnostico para administradores",
                "diagnostico para los administradores",
                "diagnostisk information for administratorer",
                "管理者向けの診断情報",
                "管理员的诊断信息",
                "диагностические сведения для администраторов",
                "delivery has failed to these recipients or",
                "delivery is delayed to these recipients or",
                "remote server returned",
                "resolver adr",
                "resolver rst",
                "storedrv deliver",
                "queue expired",
                "smtpsend dns",
            ),
        ),
        Fingerprint(headers=("x-ms-exchange-message-is-ndr",)),
        Fingerprint(
            subjects=(
                "unzustellbar:",
                "non remis",
                "non_remis",
                "no se puede entregar:",
                "nao entregue",
                "nao_entregue",
                "non recapitabile:",
                "onbestelbaar:",
                "kan inte levereras:",
                "olevererbart:",
                "kan ikke leveres:",
                "ikke levert:",
                "ikke leveret:",
                "toimittamaton:",
                "niedostarczalne:",
                "nie mozna dostarczyc:",
                "nedorucitelne:",
                "kezbesithetetlen:",
                "недоставлено:",
                "配信不能:",
                "未送达:",
                "無法傳遞:",
                "배달되지 않음:",
                "teslim edilemedi:",
                "לא ניתן למסירה:",
            ),
            types=("multipart/report",),
        ),
    ),
    read=read,
)
