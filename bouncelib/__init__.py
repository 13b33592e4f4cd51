"""bouncelib reads the bounce messages that mail servers send back, and explains what each one means.

`parse_bounce(raw)` takes any raw message and returns a `BounceReport`: a verdict per recipient, and the reason for it.
`classify_response(text)` judges one SMTP reply by the same rules. Names are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bouncelib.batch import Parsed, Progress, parse_many
    from bouncelib.errors import BouncelibError, FormatError, RuleError, SourceError, WorkerError
    from bouncelib.format import Fingerprint, Format, Layout
    from bouncelib.formats import CATALOGUE
    from bouncelib.genuine import SentByUs
    from bouncelib.mailbox import Mail, read_mail
    from bouncelib.mailbox.imap import read_imap
    from bouncelib.message import Limits, Message, full_mail
    from bouncelib.model import (
        REASONS,
        Action,
        Advice,
        BounceReport,
        Confidence,
        EnhancedCode,
        Evidence,
        Fault,
        Genuine,
        Judgement,
        Kind,
        OriginalMessage,
        Reading,
        Reason,
        Recipient,
        Refused,
        Stage,
        Verdict,
    )
    from bouncelib.parser import BounceParser, classify_response, parse_bounce
    from bouncelib.plugins import heuristic, judge
    from bouncelib.rulebook import DEFAULT_RULES, load_rules

__version__ = "0.1.0"

__all__ = [
    "CATALOGUE",
    "DEFAULT_RULES",
    "REASONS",
    "Action",
    "Advice",
    "BounceParser",
    "BounceReport",
    "BouncelibError",
    "Confidence",
    "EnhancedCode",
    "Evidence",
    "Fault",
    "Fingerprint",
    "Format",
    "FormatError",
    "Genuine",
    "Judgement",
    "Kind",
    "Layout",
    "Limits",
    "Mail",
    "Message",
    "OriginalMessage",
    "Parsed",
    "Progress",
    "Reading",
    "Reason",
    "Recipient",
    "Refused",
    "RuleError",
    "SentByUs",
    "SourceError",
    "Stage",
    "Verdict",
    "WorkerError",
    "__version__",
    "classify_response",
    "full_mail",
    "heuristic",
    "judge",
    "load_rules",
    "parse_bounce",
    "parse_many",
    "read_imap",
    "read_mail",
]

_HOMES = (
    ("batch", ("Parsed", "Progress", "parse_many")),
    ("errors", ("BouncelibError", "FormatError", "RuleError", "SourceError", "WorkerError")),
    ("format", ("Fingerprint", "Format", "Layout")),
    ("formats", ("CATALOGUE",)),
    ("genuine", ("SentByUs",)),
    ("mailbox", ("Mail", "read_mail")),
    ("mailbox.imap", ("read_imap",)),
    ("message", ("Limits", "Message", "full_mail")),
    ("parser", ("BounceParser", "classify_response", "parse_bounce")),
    ("plugins", ("heuristic", "judge")),
    ("rulebook", ("DEFAULT_RULES", "load_rules")),
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = next((module for module, names in _HOMES if name in names), "model")
        value = getattr(import_module(f"bouncelib.{home}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'bouncelib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
