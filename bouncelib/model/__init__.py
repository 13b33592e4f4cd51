"""The values that bouncelib reports: frozen, comparable, JSON-ready.

This package knows the public vocabulary and nothing else: it reads no mail and judges nothing.
"""

from bouncelib.model.evidence import EnhancedCode, Evidence, Field, Judgement, Reading, parse_date
from bouncelib.model.report import BounceReport, Envelope, Late, OriginalMessage, Recipient
from bouncelib.model.vocabulary import (
    REASONS,
    Action,
    Advice,
    Confidence,
    Fault,
    Genuine,
    Kind,
    Reason,
    Refused,
    Stage,
    Verdict,
    advice_for,
)
from bouncelib.model.wire import decode_xtext, mta_name

__all__ = [
    "REASONS",
    "Action",
    "Advice",
    "BounceReport",
    "Confidence",
    "EnhancedCode",
    "Envelope",
    "Evidence",
    "Fault",
    "Field",
    "Genuine",
    "Judgement",
    "Kind",
    "Late",
    "OriginalMessage",
    "Reading",
    "Reason",
    "Recipient",
    "Refused",
    "Stage",
    "Verdict",
    "advice_for",
    "decode_xtext",
    "mta_name",
    "parse_date",
]
