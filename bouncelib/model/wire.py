"""How the values become text and plain data, and come back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import fields

from bouncelib.model.evidence import EnhancedCode, Evidence, Field, Judgement
from bouncelib.model.vocabulary import (
    Action,
    Advice,
    Confidence,
    Fault,
    Reason,
    Refused,
    Stage,
    Verdict,
)

if TYPE_CHECKING:
    from bouncelib.model.report import BounceReport

_T = TypeVar("_T")
_ADVICE: Final = MappingProxyType(
    {
        Advice.NONE: "nothing to do",
        Advice.SUPPRESS: "stop mailing it",
        Advice.RETRY: "keep, and send again later",
        Advice.FIX_MESSAGE: "keep, and mend the message",
        Advice.FIX_SENDER: "keep, and mend the sending",
        Advice.COUNT: "keep, and count",
    }
)
_XTEXT: Final = re.compile(r"\+([0-9A-Fa-f]{2})")
_FROM_TEXT: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "action": Action,
        "stage": Stage,
        "refused": Refused,
        "verdict": Verdict,
        "reason_base": Reason,
        "fault": Fault,
        "advice": Advice,
        "confidence": Confidence,
        "status": EnhancedCode.parse,
    }
)


def decode_xtext(text: str) -> str:
    """Return `text` with its ``+HH`` escapes decoded (xtext, RFC 3461, section 4); what decodes to control characters stays."""
    if "+" not in text:
        return text
    raw = _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        decoded = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        decoded = raw
    return decoded if decoded.isprintable() else text


def mta_name(value: str) -> str:
    """Return the name in an MTA field without its type (``dns; mx.store.example`` is ``mx.store.example``)."""
    kind, semicolon, name = value.partition(";")
    name = (name if semicolon else kind).strip()
    # RFC 5322 comments: an address in parentheses is not part of the name.
    return name.partition(" (")[0].rstrip() if name.endswith(")") else name


def pairs(items: Iterable[Iterable[str]]) -> tuple[Field, ...]:
    """Return `items` as a tuple of pairs."""
    return tuple((name, value) for name, value in items)


def explain(evidence: Evidence, judgement: Judgement) -> str:
    """Return one recipient's verdict and the reason for it as plain text."""
    name = evidence.address or evidence.original_address or "(no address)"
    if judgement.verdict is Verdict.NONE:
        return f"{name}: {evidence.action or judgement.reason or 'nothing failed'}"
    lines = [
        f"{name}: {judgement.verdict}, {judgement.reason} ({judgement.fault}): {_ADVICE[judgement.advice]}",
        f"  because {judgement.rule}: {_seen(evidence, judgement)}",
    ]
    lines += [f"  {what} {rule}" for what, rule in judgement.trail]
    lines.append(f"  confidence {judgement.confidence}; facts from " + _facts(evidence))
    return "\n".join(lines)


def _seen(evidence: Evidence, judgement: Judgement) -> str:
    seen = []
    if evidence.status:
        seen.append(f"status {evidence.status}")
    if evidence.smtp_code:
        seen.append(f"reply {evidence.smtp_code}")
    if judgement.words:
        seen.append(f'"{judgement.words}" in the diagnostic')
    if not seen:
        return f"action {evidence.action}" if evidence.action else "nothing that says why"
    return " and ".join(seen) + (f" of {evidence.host}" if evidence.host else "")


def _facts(evidence: Evidence) -> str:
    elsewhere = dict(evidence.sources)
    by_source: dict[str, list[str]] = {}
    for name in ("address", "original_address", "status", "smtp_code", "diagnostic"):
        if getattr(evidence, name) is not None:
            by_source.setdefault(elsewhere.get(name) or evidence.format or "the caller", []).append(name)
    return "; ".join(f"{source} ({', '.join(names)})" for source, names in by_source.items()) or "the caller"


def report_to_dict(report: BounceReport) -> dict[str, Any]:
    """Return `report` as plain JSON-ready values."""
    original = report.original
    return {
        "kind": str(report.kind),
        "is_bounce": report.is_bounce,
        "format": report.format,
        "recipients": [_plain(r.evidence) | _plain(r.judgement) for r in report.recipients],
        "reporting_mta": report.reporting_mta,
        "received_from_mta": report.received_from_mta,
        "dsn_gateway": report.dsn_gateway,
        "envelope_id": report.envelope_id,
        "arrival_date": _iso(report.arrival_date),
        "queue_id": report.queue_id,
        "date": _iso(report.date),
        "return_path": report.return_path,
        "new_address": report.new_address,
        "candidates": [list(pair) for pair in report.candidates],
        "should_auto_respond": report.should_auto_respond,
        "genuine": str(report.genuine),
        "genuine_because": list(report.genuine_because),
        "original": None
        if original is None
        else {
            "message_id": original.message_id,
            "subject": original.subject,
            "from": original.from_,
            "to": original.to,
            "date": _iso(original.date),
            "list_id": original.list_id,
            "headers": [list(pair) for pair in original.headers],
        },
        "fields": [list(pair) for pair in report.fields],
        "defects": list(report.defects),
    }


def build(cls: type[_T], data: Mapping[str, Any]) -> _T:
    """Return the `Evidence` or `Judgement` whose fields `data` holds among others."""
    return cls(**{name: _read(name, data[name]) for name in _names(cls)})


def _names(cls: type[Any]) -> list[str]:
    return [attribute.name for attribute in fields(cls)]


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in {"fields", "sources", "trail"}:
        return pairs(value)
    if name == "reason" and value in Reason._value2member_map_:
        return Reason(value)
    convert = _FROM_TEXT.get(name)
    return convert(value) if convert else value


def _plain(thing: Evidence | Judgement) -> dict[str, Any]:
    return {name: _write(getattr(thing, name)) for name in _names(type(thing))}


def _write(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, tuple):
        return [list(pair) for pair in value]
    return str(value)


def _iso(date: datetime | None) -> str | None:
    return date.isoformat() if date else None
