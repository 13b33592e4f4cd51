"""The generic reader: a message that is plainly a failure report, in nobody's format.

A sample:

    Your message could not be delivered to the following recipient:

    ann@library.example: 550 No such user here

Source: what the failure reports of public test data have in common. It is asked last, gives low confidence, and never
runs on a message that is not plainly a failure report: a daemon's From or a null return path or the subject of one,
and a phrase of failure in the notice.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Format, report
from bouncelib.message import Headers, Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.notice import (
    closes,
    is_receipt,
    names_contact,
    original_start,
    tells_arrival,
    tells_delay,
    tells_failure,
    was_taken,
)
from bouncelib.patterns import late
from bouncelib.places import CERTAIN, SURE, UNSURE, joins, rank_of
from bouncelib.reports import CODE, is_report
from bouncelib.signs import Signs, fold
from bouncelib.told import ENOUGH, Places, find_headings, said_of

_ROBOT: Final = late(
    r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon|abuse|noreply|no-reply|root|mailmaster)@", re.IGNORECASE
)
# Offices that a report names for questions; people write to them too.
_OFFICE: Final = late(
    r"^(?:help|help-?desk|admin|administrator|webmaster|hostmaster|noc|info-?desk|security|(?:mail|e-?mail)?-?support|"
    r"customer-?(?:service|care)|service-?desk|hilfe|kundenservice|kundendienst|assistance|soporte|suporte|assistenza|sac|"
    r"atendimento|klantenservice|kundservice|kundeservice|asiakaspalvelu|pomoc|podpora|ugyfelszolgalat|suport|destek|kefu)@",
    re.IGNORECASE,
)
# Numbers of messages look like addresses.
_NUMBER_FIELD: Final = late(
    r"(?:message|nachrichten?|messaggio|mensaje|mensagem|mail|queue)[ -]?id\b|identifi(?:cati|er|ant|cador)|kennung\b"
)
_REFUSED: Final = late(
    r"(?:recipient|address|user|mailbox)[^@]{0,60}(?:error|fail|unknown|reject|refus|permanent)|(?:fail|reject|refus|"
    r"undeliver|not deliver)[^@]{0,60}(?:to|for)\b|[45]\d\d[ -][45]\.\d"
)
_TO: Final = late(r"(?im)^[ \t>|]{0,4}to: (.{3,500})$")
_LEAD: Final = 40
_PEEK: Final = 6000
_AROUND: Final = 120
_SUMMARY: Final = late(
    r"(?i)[ \t>|]{0,8}(?:message-id|date|from|to|cc|subject|sent|size|von|an|betreff|datum|gesendet|de|a|objet|envoye|para|"
    r"asunto|assunto|fecha|enviado|da|oggetto|inviato|aan|onderwerp|verzonden|til|emne|till|amne)[ \t]*:"
)
_FEW_FIELDS: Final = 9
# What gateways of X.400 and Exchange put before an Internet address, and programs that write fields as NAME=VALUE.
_X400: Final = late(r"^(?:smtp|rfc-?822|internet|recipient|rcpt|to|address|user|sender|from)[=:;]", re.IGNORECASE)
# Causes that a notice thinks of, after what it knows.
_HINT: Final = late(
    r"(?im)^[ \t>*-]{0,8}(?:causes? possibles?|possible (?:causes?|reasons?)|m[\xf6o]gliche (?:ursachen|gr[\xfcu]nde)|"
    r"posibles causas|causas poss[\xedi]veis|poss[\xedi]veis causas|possibili cause|mogelijke oorzaken|возможные причины|"
    r"\[실패 사유 안내\]|温馨提示|this (?:may|might|could) be because|if you need help)"
)


def read(message: Message) -> Reading | None:
    """Return the recipients that the notice of a failure report names, or None where it names nobody."""
    signs = Signs.of(message)
    if not signs.plausible:
        return None
    whole = addresses.without_links(message.notice)
    cut = original_start(whole)
    text, told = _part_that_tells(signs, whole, cut)
    folded = fold(text)
    arrived = not told and signs.null_return_path and is_receipt(folded)
    if not (told or arrived or signs.failure_subject) or not is_report(signs, " ".join(folded[:ENOUGH].split())):
        return None
    named = _recipients(message, text)
    if not named and cut < len(whole):
        rest = _without_summary(whole[:_PEEK])
        named = _recipients(message, rest) or _after_headers(message, whole, cut)
        text = rest or text
    if not named and signs.failure_subject:
        named = _from_subject(signs) or _from_original(message)
    if not named:
        return None
    slow = Action.DELAYED if tells_delay(folded) or tells_delay(signs.subject) else Action.FAILED
    if arrived and not signs.failure_subject:
        slow = Action.DELIVERED
    if len(named) == 1:
        ((address, said),) = named.items()
        # One recipient has all that stands above him to himself.
        wide = signs.from_daemon or signs.null_return_path
        return report("generic", [_evidence(address, slow, said, _with_above(text, address, said) if wide else said)])
    # Many recipients may share what is said of them.
    late_ones = {said: tells_delay(fold(said)) for said in set(named.values())}
    mixed = any(late_ones.values()) and not all(late_ones.values())
    fates = {said: _fate(said, slow, waits=waits, mixed=mixed) for said, waits in late_ones.items()}
    return report("generic", [_evidence(address, fates[said], said, said) for address, said in named.items()])


def _part_that_tells(signs: Signs, whole: str, cut: int) -> tuple[str, bool]:
    """Return the part of the notice to read, at most up to `cut`, and whether it says that something failed."""
    hint = _HINT.search(whole, 0, cut)
    text = whole[: hint.start() if hint and "@" in whole[: hint.start()] else cut]
    folded = fold(text)
    if tells_failure(folded, abroad=signs.from_daemon or signs.null_return_path):
        return text, True
    if not signs.from_daemon:
        return text, False
    if CODE.search(folded):
        return text, True
    # Fields of the message may stand between the opening and what is told.
    rest = _without_summary(whole[:_PEEK])
    return (rest, True) if rest and tells_failure(fold(rest)) else (text, False)


def _with_above(text: str, address: str, said: str) -> str:
    """Return what is `said` beside `address` behind all of `text` that stands above, where it is not in it already."""
    above = " ".join(text.partition(address)[0].split())
    return said if above[:_LEAD] in said else f"{above} {said}"


def _evidence(address: str, action: Action, said: str, told: str) -> Evidence:
    """Return what is `said` beside `address`; all that is `told` of it counts where that leaves the reason open."""
    told = " ".join(told.split())[-ENOUGH:]
    wider = not smtp.find_reply(said).code and said != told
    return Evidence(
        address=address,
        action=action,
        diagnostic=(told if wider else said) or None,
        unwrapped=(said or None) if wider else None,
        format="generic",
        guessed=True,
    )


def _fate(said: str, otherwise: Action, *, waits: bool, mixed: bool) -> Action:
    """Return what became of one recipient among several, of whom or of some it is said (`waits`, `mixed`) that they are late."""
    code = smtp.find_reply(said).code or ""
    if not code and tells_arrival(fold(said)):
        return Action.DELIVERED
    if code.startswith("5") or (mixed and not waits and tells_failure(fold(said))):
        return Action.FAILED
    return otherwise


def _without_summary(text: str) -> str:
    """Return `text` without the fields of the original that stand in its midst, where it goes on after them; else nothing."""
    lines = text.split("\n")
    kept = [line for line in lines if not _SUMMARY.match(line)]
    if not 2 < len(lines) - len(kept) < _FEW_FIELDS:
        return ""
    rest = "\n".join(kept)
    return rest[: original_start(rest)]


def _ours(message: Message) -> set[str]:
    """Return the addresses that cannot be the failed one: the report's own ends and the original's sender."""
    found: set[str] = set()
    blocks: list[tuple[Headers, tuple[bytes, ...]]] = [
        (message.headers, (b"from", b"to", b"reply-to", b"return-path", b"sender"))
    ]
    original = message.original
    if original:
        blocks.append((Headers(original), (b"from", b"sender", b"return-path", b"reply-to")))
    for headers, names in blocks:
        for name in names:
            value = headers.get(name)
            if value:
                found.update(address.lower() for address in addresses.find_all(value))
    return found


def _recipients(message: Message, text: str) -> dict[str, str]:
    ours = _ours(message)
    lines = text.split("\n")
    best: list[tuple[int, int, str]] = []
    quoted: list[tuple[int, int, str]] = []
    offices: list[tuple[int, int, str]] = []
    own: list[tuple[int, int, str]] = []
    for number, line in enumerate(lines):
        if (best or quoted) and closes(line):
            break
        if "@" not in line or _NUMBER_FIELD.search(fold(line)):
            continue
        for found in addresses.find_all(line):
            address = _X400.sub("", found)
            low = address.lower()
            if _ROBOT.match(low) or ("." not in addresses.domain(low) and not low.startswith('"')):
                continue
            before, _, after = line.partition(address)
            before, after = before[-_AROUND:], after[:_AROUND]
            if names_contact(before, lines[number - 1] if number else ""):
                continue
            where = (
                own
                if low in ours
                else quoted
                if _quotes_field(lines, number)
                else offices
                if _OFFICE.match(low)
                else best
            )
            rank = UNSURE if was_taken(lines, number) else rank_of(before, after)
            if where and where[-1][1] == number and joins(before, where[-1][2]) and not _SUMMARY.match(line):
                rank = max(rank, where[-1][0])
            where.append((rank, number, address))
    if all(rank < SURE for rank, _, _ in best):
        # Nothing better than the header of the original, as far as the notice repeats it.
        best += quoted
    # People write to an office too, but its name alone at the end of a report is none that failed.
    best = best or [one for one in offices if one[0] > SURE]
    if not best:
        # Who writes to himself is sender and recipient; the place must be beyond doubt.
        writer = message.headers.get(b"from") or ""
        best = [(rank, at, address) for rank, at, address in own if rank == CERTAIN and address not in writer]
    if not best:
        return {}
    top = max(rank for rank, _, _ in best)
    chosen: dict[str, tuple[int, str]] = {}
    for rank, number, address in best:
        if rank == top:
            chosen.setdefault(address.lower(), (number, address))
    places = Places(lines, sorted({number for number, _ in chosen.values()}), find_headings(lines), message.lines)
    # One more than is reported: what is cut is told where it is cut.
    reported = islice(chosen.values(), message.limits.recipients + 1)
    return {address: said_of(places, number, address) for number, address in reported}


def _quotes_field(lines: list[str], number: int) -> bool:
    """Return whether line `number` is one of several fields of the original that the notice repeats."""
    if not _SUMMARY.match(lines[number]):
        return False
    return any(_SUMMARY.match(line) for line in (*lines[max(0, number - 1) : number], *lines[number + 1 : number + 2]))


def _after_headers(message: Message, whole: str, start: int) -> dict[str, str]:
    """Return the recipients named after quoted fields of the returned header, or the one that it was sent to."""
    rest = whole[start : start + 2 * ENOUGH]
    lines = rest.split("\n")
    naming = [number for number, line in enumerate(lines) if "@" in line and _REFUSED.search(fold(line))]
    if naming:
        named = _recipients(message, "\n".join(lines[number] for number in naming))
        if len(naming) == len(named) == 1:
            # Alone, it has what follows to itself.
            end = next((at for at in range(naming[0], len(lines)) if not lines[at].strip()), len(lines))
            return {address: said_of(Places(lines[naming[0] : end], [0], [], lines), 0, address) for address in named}
        return named
    sent_to = _TO.findall(rest)
    found = [address for line in sent_to for address in addresses.find_all(line)]
    if len(found) == 1 and found[0].lower() not in _ours(message):
        # What a server said may follow those fields; what the message itself says does not count.
        after = rest.partition("\n\n")[2].lstrip("\n").partition("\n\n")[0]
        told = _without_summary(rest) or (after if smtp.find_reply(after).code else "")
        return {found[0]: " ".join(f"{whole[:start]} {told}".split())[:ENOUGH]}
    return {}


def _from_subject(signs: Signs) -> dict[str, str]:
    subject = signs.message.headers.get(b"subject") or ""
    return dict.fromkeys(addresses.find_all(subject)[:1], subject)


def _from_original(message: Message) -> dict[str, str]:
    """Return the only recipient of the returned message, where it came back and has but one."""
    original = message.original
    if not original:
        return {}
    value = Headers(original).get(b"to")
    found = addresses.find_all(value) if value else []
    if len(found) != 1 or found[0].lower() in _ours(message):
        return {}
    text = message.notice
    return {found[0]: " ".join(text[: original_start(text)].split())[:ENOUGH]}


FORMAT: Final = Format("generic", read=read, last_resort=True)
