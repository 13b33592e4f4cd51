"""What a message says of deliveries: runs the formats, unwraps replies, merges the evidence, remembers where each fact came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve

from bouncelib import smtp
from bouncelib.dispatch import Dispatcher
from bouncelib.message import Message
from bouncelib.model import Evidence, Kind, Reading

_DELIVERY: Final = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS})


def gather(message: Message, dispatcher: Dispatcher) -> Reading:
    """Return what `message` says; its kind is `other` where no format reads it."""
    for form in dispatcher.candidates(message, doubt=True):
        reading = form.run(message)
        if reading is not None:
            return evolve(reading, recipients=tuple(map(settle, reading.recipients)))
    return Reading(Kind.OTHER)


def settle(evidence: Evidence) -> Evidence:
    """Return `evidence` with its codes, its innermost reply, the host and the step of the session taken from what was said."""
    text = evidence.diagnostic
    if not text:
        return evidence
    facts: dict[str, Any] = {}
    whole = smtp.join_lines(text)
    inner = smtp.unwrap(whole)
    reply = smtp.find_reply(inner)
    if inner is not whole:
        facts["unwrapped"] = inner
        if reply.status is None:
            reply = smtp.Reply(reply.code, smtp.find_status(whole), reply.start)
    elif whole is not text:
        facts["unwrapped"] = whole
    status = evidence.status
    if reply.status is not None and (status is None or _more_specific(reply.status, status)):
        facts["status"] = reply.status
    if reply.code and evidence.smtp_code is None:
        facts["smtp_code"] = reply.code
    if evidence.stage is None:
        stage = smtp.find_stage(text)
        if stage:
            facts["stage"] = stage
    if evidence.host is None:
        host = smtp.find_host(text) or (smtp.host_name(evidence.remote_mta) if evidence.remote_mta else None)
        if host:
            facts["host"] = host
    return evolve(evidence, **facts) if facts else evidence


def _more_specific(new: Any, old: Any) -> bool:
    # The remote server's word beats the reporting server's summary, unless it says nothing and the summary does.
    return not (new.subject == 0 and new.detail == 0) or (old.subject == 0 and old.detail == 0)
