"""Delivery status notifications: RFC 3464, in RFC 6522 multipart/report or wherever else the fields stand.

A sample of the machine-readable part:

    Reporting-MTA: dns; mail.store.example
    Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0000

    Final-Recipient: rfc822; ann@library.example
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.library.example
    Diagnostic-Code: smtp; 550 5.1.1 <ann@library.example>: User unknown

Source: RFC 3464, sections 2.2 and 2.3; RFC 6533 for utf-8 addresses; deviations as seen in public test data.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from attrs import evolve

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.message import Group, Message, split_groups
from bouncelib.model import Action, EnhancedCode, Evidence, Reading, mta_name
from bouncelib.patterns import late
from bouncelib.signs import fold
from bouncelib.text import decode_words

_ACTIONS: Final = MappingProxyType(
    {
        "failed": Action.FAILED,
        "failure": Action.FAILED,
        "fail": Action.FAILED,
        "error": Action.FAILED,
        "expired": Action.FAILED,
        "hard": Action.FAILED,
        "delayed": Action.DELAYED,
        "deferred": Action.DELAYED,
        "delay": Action.DELAYED,
        "soft": Action.DELAYED,
        "delivered": Action.DELIVERED,
        "deliverable": Action.DELIVERED,
        "relayed": Action.RELAYED,
        "expanded": Action.EXPANDED,
    }
)
_RECIPIENT: Final = frozenset({"final-recipient", "original-recipient", "x-actual-recipient"})
_PER_RECIPIENT: Final = _RECIPIENT | {
    "action",
    "status",
    "remote-mta",
    "diagnostic-code",
    "last-attempt-date",
    "final-log-id",
    "will-retry-until",
}
_IN_TEXT: Final = late(r"(?im)^(?:reporting-mta|final-recipient)[ \t]*:")
_COPY: Final = late(r"(?im)^-{3,} .{0,60}(?:below this line|copy of|original message|returned message)")
_REPLY: Final = late(r"[45][0-9]{2}")
# Courier's own name for an alias that leads to a program.
_INTERNAL: Final = '".xalias/'
_TYPED: Final = late(r"\s*([A-Za-z][\w.-]{0,30})\s*;\s*")
_WORD: Final = late(r"[A-Za-z]+")
_OVER: Final = late(
    r"fail|return|undeliver|not be delivered|unzustell|echec|non remis|no se pud|nao entreg|недостав|不能|退信"
)
_LATE: Final = late(
    r"delay|warning|not yet|still being|still trying|will (?:be |keep |continue )?(?:re-?)?tr(?:y|ied)|"
    r"do not (?:need to )?re-?send|"
    r"verzoger|retard|atrasad|ritard|vertraag|forsin|forsen|opozni|задерж|遅延|延迟|延遲|지연"
)
_PEEK: Final = 2048
# Postfix names the step of the session in its notice only. Two steps change what words mean: who was refused before the
# recipient was named is the sender, and what was refused after it is the message. The notice is read for these alone, and only
# where the end of the remark stands near its top.
_AT_MAIL: Final = b"FROM command)"
_AT_DATA: Final = b"DATA command)"
_TOP: Final = 4096


def read(message: Message) -> Reading | None:
    """Return what the delivery-status part of `message` says, or None where there is no such thing."""
    groups = message.status_groups
    return _read_groups(message, groups) if groups else None


def read_text(message: Message) -> Reading | None:
    """Return what fields in the notice itself say, where software sends no part of their own for them."""
    notice = message.notice
    match = _IN_TEXT.search(notice)
    # Fields in the copy of the message are a report that came back itself, and tell of somebody else.
    if match is None or _COPY.search(notice, 0, match.start()):
        return None
    return _read_groups(message, split_groups(notice[match.start() :]))


def _read_groups(message: Message, groups: Sequence[Group]) -> Reading | None:
    fields, recipients = sort_groups(groups)
    if not recipients:
        return None
    limit = message.limits.recipients
    if len(recipients) > limit:
        message.note(f"recipients cut at {limit}")
        recipients = recipients[:limit]
    found = []
    for group in recipients:
        evidence = read_group(group)
        if evidence:
            if evidence.action is Action.DELAYED and not _states_action(group) and _is_over(message):
                evidence = evolve(evidence, action=Action.FAILED)
            found.append(evidence)
    top = message.source.raw[message.body_start : message.body_start + _TOP]
    if _AT_MAIL in top or _AT_DATA in top:
        found = [_with_stage(one, message.notice) for one in found]
    return report("rfc3464", found, fields) if found else None


def _with_stage(evidence: Evidence, notice: str) -> Evidence:
    """Return `evidence` with the step of the session that the notice states below the recipient's address."""
    _, _, told = notice.partition(f"<{evidence.address}>")
    stage = smtp.find_stage(" ".join(told.partition("\n\n")[0].split())) if told else None
    return evolve(evidence, stage=stage) if stage else evidence


def _states_action(group: Group) -> bool:
    return any(name.lower() == "action" and value for name, value in group)


def _is_over(message: Message) -> bool:
    """Return whether the human part says that the mail came back, and nothing of trying again."""
    text = f"{fold(message.headers.get(b'subject') or '')}\n{fold(message.notice[:_PEEK])}"
    return _OVER.search(text) is not None and _LATE.search(text) is None


def sort_groups(groups: Sequence[Group]) -> tuple[Group, list[Group]]:
    """Return the per-message fields and the per-recipient groups, wherever the blank lines stand."""
    fields: Group = []
    recipients: list[Group] = []
    seen: set[str] = set()
    odd = False
    for group in groups:
        names = {name.lower() for name, _ in group}
        if not recipients and names.isdisjoint(_PER_RECIPIENT):
            fields += group
            continue
        fresh = not names.isdisjoint(_RECIPIENT)
        if fresh and "final-recipient" in names and len(names) == len(group) and names.isdisjoint(("reporting-mta",)):
            # The textbook case: one whole group.
            if recipients and "final-recipient" not in seen and seen and seen.isdisjoint(names):
                recipients[-1] += group
                seen |= names
            else:
                recipients.append(list(group))
                seen = names
            continue
        odd = True
        for name, value in group:
            low = name.lower()
            if low in _RECIPIENT and (low in seen or not recipients or (low == "final-recipient" and "action" in seen)):
                recipients.append([])
                seen = set()
            elif low not in _PER_RECIPIENT and (not recipients or not (fresh or low.startswith("x-"))):
                fields.append((name, value))
                continue
            if not recipients:
                recipients.append([])
            recipients[-1].append((name, value))
            seen.add(low)
    if odd:
        recipients = [group for group in recipients if any(name.lower() in _PER_RECIPIENT for name, _ in group)]
    return fields, recipients


def read_group(group: Group) -> Evidence | None:
    """Return what one per-recipient group says, or None where it names no recipient."""
    # The first field of a name that says something counts.
    fields = {name.lower(): value for name, value in reversed(group) if value}
    if "disposition" in fields and "status" not in fields and not _is_action(fields.get("action", "")):
        # The group of a disposition notification (RFC 8098) under a wrong label; GNU mailutils adds `Action: deleted`.
        return None
    final = decode_words(fields.get("final-recipient", ""))
    original = decode_words(fields.get("original-recipient", ""))
    final_type, final_address = addresses.from_field(final) if final else ("", None)
    original_address = None
    if original:
        same = original.partition(";")[2].strip() == final_address and "+" not in original
        original_address = final_address if same else addresses.from_orcpt(original)
    actual = fields.get("x-actual-recipient", "")
    if final_address is None or ("@" not in final_address and final_type in {"x-local", "local", "system", "x-unix"}):
        final_address = _better(final_address, addresses.from_field(actual)[1] if actual else None, original_address)
    if final_address is None:
        return None
    if original_address and final_address.startswith(_INTERNAL):
        final_address = original_address
    diagnostic_type, diagnostic = _diagnostic(fields.get("diagnostic-code") or "")
    more = fields.get("x-supplementary-info") or fields.get("x400-supplementary-info")
    if more and not smtp.find_reply(diagnostic).code:
        # Exchange and X.400 gateways keep what the remote server said here.
        diagnostic_type, diagnostic = "smtp", more.strip('"')
    remote = fields.get("remote-mta")
    remote_mta = mta_name(remote) if remote else None
    status_text = fields.get("status", "")
    status = smtp.find_status(status_text) if status_text else None
    action = _action(fields.get("action", ""), status)
    return Evidence(
        address=final_address,
        original_address=original_address,
        action=action,
        status=status,
        smtp_code=match[0] if status is None and (match := _REPLY.match(status_text)) else None,
        diagnostic=diagnostic or (status_text if status is None or "(" in status_text else None) or None,
        diagnostic_type=diagnostic_type,
        remote_mta=(smtp.host_name(remote_mta) or remote_mta) if remote_mta else None,
        format="rfc3464",
        fields=tuple(group),
    )


def _is_action(text: str) -> bool:
    match = _WORD.search(text)
    return match is not None and match[0].lower() in _ACTIONS


def _better(address: str | None, *others: str | None) -> str | None:
    return next((other for other in others if other and "@" in other), address or next(filter(None, others), None))


def _action(text: str, status: EnhancedCode | None) -> Action | None:
    match = _WORD.search(text)
    action = _ACTIONS.get(match[0].lower()) if match else None
    if action is None and status is not None:
        action = {2: Action.DELIVERED, 4: Action.DELAYED}.get(status.class_, Action.FAILED)
    return action or Action.FAILED


def _diagnostic(value: str) -> tuple[str | None, str]:
    match = _TYPED.match(value)
    kind = match[1].lower() if match else None
    said = value[match.end() :] if match else value
    return kind, decode_words(said).strip() if "=?" in said else said.strip()


FORMATS: Final = (
    Format("rfc3464", read=read),
    Format(
        "rfc3464",
        (Fingerprint(phrases=("final recipient rfc822", "reporting mta", "original recipient rfc822")),),
        read=read_text,
    ),
)
