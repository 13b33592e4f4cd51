"""The generic reader: a message that is plainly a failure report, in nobody's format.

A sample:

    Your message could not be delivered to the following recipient:

    ann@library.example: 550 No such user here

Source: what the failure reports of public test data have in common. It is asked last, gives low confidence, and never runs on
a message that is not plainly a failure report: a daemon's From or a null return path or the subject of one, and a phrase of
failure in the notice.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Format, report
from bouncelib.message import Headers, Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.signs import Signs, fold

_ORIGINAL: Final = re.compile(
    r"^[ \t>|*-]{0,8}(?:-{2,}.{0,60}(?:original|returned|follows|forwarded|below this line|unsent|undelivered|copy of)|"
    r"(?:original message|your message|message header|the original).{0,40}(?:follows|below|header)s?\W{0,4}$|"
    r"(?:received|return-path|message-id|x-mailer|mime-version|content-type|dkim-signature|x-[a-z-]{2,30}): )",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERS: Final = re.compile(r"(?m)^[ \t>|]{0,4}(?:from|to|subject|date|cc|sender): .{0,400}\n[ \t>|]{0,4}(?:from|to|subject|date|cc|sent|importance|reply-to): ", re.IGNORECASE)
_FAILED: Final = re.compile(
    r"could ?n[o']t be|cannot be|can't be|can not be|was not|were not|not (?:been )?deliver|undeliver|unable to|failed|failure|"
    r"fail(?:s|ed)? to|returned|reject|refused|bounced|unknown|not found|does(?:n't| not) exist|no such|invalid|not listed|error|"
    r"not known|not exist|permanent|delayed|not yet|quota|mailbox.{0,20}full|unreachable|not accept|blocked|discarded|no longer|"
    r"unzustellbar|nicht (?:zu|an|ge)|konnte|kann .{0,40}nicht|n'a pas|n'existe|impossible|inconnu|non (?:remis|recense|e stato)|no (?:se )?pudo|no existe|"
    r"nao (?:foi|existe|pode)|non (?:esiste|valid)|mancat|sconosciuto|niet (?:worden|bekend|bezorgd)|onbekend|"
    r"не (?:может|удалось|доставлен|был|найден|существует)|недостав|отклонен|配信|送信でき|届け|存在しません|見つかりません|不明|退信|失败|无法|不存在|반송|존재하지|"
    r"kunde inte|kunne ikke|nie (?:mo|zosta|istnieje)|nelze|nebyl|nemohla|nem ",
)
_DELAYED: Final = re.compile(
    r"delay|will be retried|still being (?:re)?tried|will keep trying|will continue to (?:try|be)|not yet been delivered|"
    r"has not been delivered (?:to|yet)|no action is required|do not (?:need to )?re-?send|this is a warning|warning message only|"
    r"not been able to deliver .{0,60}yet|attempts to deliver .{0,60}will continue|will try again|verzogert|retarde",
)
_OWN: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon|abuse|support|help|helpdesk|admin|administrator|webmaster|hostmaster|noc|"
    r"noreply|no-reply|root|info-?desk|security|mailmaster)@",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"(?:rcpt to|recipient(?:s|\(s\))?|final-recipient|to|user|mailbox|address(?:es|ee)?|addressee|for|delivered to|deliver to|account|"
    r"empfanger|destinataire|destinatario|a|an|宛先|e-mail|email|username)\W{0,12}$",
)
_SOLE: Final = re.compile(r"^[\W_]{0,20}$")
_ENOUGH: Final = 1500


def read(message: Message) -> Reading | None:
    """Return the recipients that the notice of a failure report names, or None where it is none or names nobody."""
    signs = Signs(message)
    if not signs.plausible:
        return None
    text = message.notice
    text = text[: original_start(text)]
    folded = fold(text)
    if not (_FAILED.search(folded) or signs.failure_subject) or not (signs.failure_subject or signs.from_daemon or signs.null_return_path):
        return None
    named = _recipients(message, text)
    if not named and signs.failure_subject:
        named = _from_subject(signs) or _from_original(message)
    if not named:
        return None
    action = Action.DELAYED if _DELAYED.search(folded) or _DELAYED.search(signs.subject) else Action.FAILED
    return report(
        "generic",
        [
            Evidence(address=address, action=action, diagnostic=said or None, format="generic", guessed=True)
            for address, said in named.items()
        ],
    )


def original_start(text: str) -> int:
    """Return where the returned message begins in `text`, or its length."""
    starts = [len(text)]
    for pattern in (_ORIGINAL, _HEADERS):
        match = pattern.search(text)
        # A report that begins so has no notice before it.
        if match and match.start() > 40:
            starts.append(match.start())
    return min(starts)


def _ours(message: Message) -> set[str]:
    """Return the addresses that cannot be the failed one: the report's own ends and the original's sender."""
    found: set[str] = set()
    blocks = [(message.headers, (b"from", b"to", b"reply-to", b"return-path", b"sender"))]
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
    for number, line in enumerate(lines):
        if "@" not in line or "message-id" in line.lower():
            continue
        for address in addresses.find_all(line):
            low = address.lower()
            if low in ours or _OWN.match(low) or "." not in addresses.domain(low) and not low.startswith('"'):
                continue
            before, _, after = line.partition(address)
            best.append((_rank(before, after), number, address))
    if not best:
        return {}
    top = max(rank for rank, _, _ in best)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for rank, number, address in best:
        if rank == top and address.lower() not in seen:
            seen.add(address.lower())
            found[address] = _said(lines, number)
    return found


def _rank(before: str, after: str) -> int:
    """Return how surely an address in this place of a line is the failed one."""
    head, tail = fold(before).strip(" \t<('\"[*>-").rstrip(), after.lstrip(" \t>)'\"]")
    if _SOLE.match(head) and (not tail or tail[0] in ":.;,-(" or smtp.find_reply(tail).code):
        return 4
    if _NAMED.search(fold(before).rstrip(" \t<('\"[")):
        return 3
    if _SOLE.match(head) or not tail:
        return 2
    return 1


def _said(lines: list[str], number: int) -> str:
    """Return what is said of the recipient named in line `number`: the rest of its block, and the blocks after it if that is mute."""
    said: list[str] = []
    size = 0
    for line in lines[number:]:
        bare = line.strip()
        if not bare and size > 60 and _FAILED.search(fold(" ".join(said))):
            break
        if bare:
            said.append(bare)
            size += len(bare)
        if size > _ENOUGH:
            break
    text = " ".join(said)
    if not _FAILED.search(fold(text)):
        text = " ".join(line.strip() for line in lines[max(0, number - 8) : number] if line.strip()) + " " + text
    return text.strip()[:_ENOUGH]


def _from_subject(signs: Signs) -> dict[str, str]:
    subject = signs.message.headers.get(b"subject") or ""
    return {address: subject for address in addresses.find_all(subject)[:1]}


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
    return {found[0]: " ".join(text[: original_start(text)].split())[:_ENOUGH]}


FORMAT: Final = Format("generic", read=read)
