"""The public words of a report, and the fault and verdict that each reason brings."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What sort of message this is."""

    BOUNCE = "bounce"
    DELAY = "delay"
    SUCCESS = "success"
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"
    FEEDBACK = "feedback"
    READ_RECEIPT = "read_receipt"
    OTHER = "other"


class Action(StrEnum):
    """What happened to the delivery to one recipient (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Verdict(StrEnum):
    """Whether the address is dead (`hard`), may work later (`soft`), or nothing failed (`none`)."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


class Fault(StrEnum):
    """Whose move it is."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    SENDER = "sender"
    TRANSPORT = "transport"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why the delivery failed; each reason brings a fault and a verdict (see `REASONS`)."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_HOST = "unknown_host"
    NO_MAIL_ACCEPTED = "no_mail_accepted"
    BAD_ADDRESS = "bad_address"
    AMBIGUOUS_ADDRESS = "ambiguous_address"
    MOVED = "moved"
    DISABLED = "disabled"
    MAILBOX_FULL = "mailbox_full"
    NOT_AUTHORIZED = "not_authorized"
    MESSAGE_TOO_LARGE = "message_too_large"
    SPAM = "spam"
    VIRUS = "virus"
    CONTENT_REJECTED = "content_rejected"
    MALFORMED = "malformed"
    SENDER_REJECTED = "sender_rejected"
    AUTH_FAILED = "auth_failed"
    REQUIRES_PTR = "requires_ptr"
    BLOCKLISTED = "blocklisted"
    BAD_REPUTATION = "bad_reputation"
    RATE_LIMITED = "rate_limited"
    POLICY = "policy"
    RELAY_DENIED = "relay_denied"
    GREYLISTED = "greylisted"
    SUPPRESSED = "suppressed"
    NETWORK_ERROR = "network_error"
    EXPIRED = "expired"
    ROUTING_LOOP = "routing_loop"
    TLS_FAILED = "tls_failed"
    PROTOCOL_ERROR = "protocol_error"
    SYSTEM_ERROR = "system_error"
    SYSTEM_FULL = "system_full"
    MAILER_ERROR = "mailer_error"
    UNDETERMINED = "undetermined"


class Advice(StrEnum):
    """What a sender should do."""

    NONE = "none"
    SUPPRESS = "suppress"
    RETRY = "retry"
    FIX_MESSAGE = "fix_message"
    FIX_SENDER = "fix_sender"
    COUNT = "count"


class Confidence(StrEnum):
    """How the verdict was reached."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Genuine(StrEnum):
    """Whether the report can be real, as far as the user has said what is theirs."""

    CONFIRMED = "confirmed"
    PLAUSIBLE = "plausible"
    SUSPECT = "suspect"
    UNKNOWN = "unknown"


class Refused(StrEnum):
    """Who speaks: a remote server in session, the reporter after acceptance, or nobody was reached."""

    IN_SESSION = "in_session"
    AFTER_ACCEPTANCE = "after_acceptance"
    NEVER_REACHED = "never_reached"


class Stage(StrEnum):
    """The step of the SMTP session at which a server spoke (RFC 5321; END is the end of the data)."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END = "END"


_R, _M, _S, _T, _Y = Fault.RECIPIENT, Fault.MESSAGE, Fault.SENDER, Fault.TRANSPORT, Fault.SYSTEM

REASONS: Final[Mapping[Reason, tuple[Fault, Verdict]]] = MappingProxyType(
    {
        Reason.UNKNOWN_USER: (_R, Verdict.HARD),
        Reason.UNKNOWN_HOST: (_R, Verdict.HARD),
        Reason.NO_MAIL_ACCEPTED: (_R, Verdict.HARD),
        Reason.BAD_ADDRESS: (_R, Verdict.HARD),
        Reason.AMBIGUOUS_ADDRESS: (_R, Verdict.SOFT),
        Reason.MOVED: (_R, Verdict.HARD),
        Reason.DISABLED: (_R, Verdict.HARD),
        Reason.MAILBOX_FULL: (_R, Verdict.SOFT),
        Reason.NOT_AUTHORIZED: (_R, Verdict.SOFT),
        Reason.MESSAGE_TOO_LARGE: (_M, Verdict.SOFT),
        Reason.SPAM: (_M, Verdict.SOFT),
        Reason.VIRUS: (_M, Verdict.SOFT),
        Reason.CONTENT_REJECTED: (_M, Verdict.SOFT),
        Reason.MALFORMED: (_M, Verdict.SOFT),
        Reason.SENDER_REJECTED: (_S, Verdict.SOFT),
        Reason.AUTH_FAILED: (_S, Verdict.SOFT),
        Reason.REQUIRES_PTR: (_S, Verdict.SOFT),
        Reason.BLOCKLISTED: (_S, Verdict.SOFT),
        Reason.BAD_REPUTATION: (_S, Verdict.SOFT),
        Reason.RATE_LIMITED: (_S, Verdict.SOFT),
        Reason.POLICY: (_S, Verdict.SOFT),
        Reason.RELAY_DENIED: (_S, Verdict.SOFT),
        Reason.GREYLISTED: (_S, Verdict.SOFT),
        Reason.SUPPRESSED: (_R, Verdict.HARD),
        Reason.NETWORK_ERROR: (_T, Verdict.SOFT),
        Reason.EXPIRED: (_T, Verdict.SOFT),
        Reason.ROUTING_LOOP: (_T, Verdict.SOFT),
        Reason.TLS_FAILED: (_T, Verdict.SOFT),
        Reason.PROTOCOL_ERROR: (_T, Verdict.SOFT),
        Reason.SYSTEM_ERROR: (_Y, Verdict.SOFT),
        Reason.SYSTEM_FULL: (_Y, Verdict.SOFT),
        Reason.MAILER_ERROR: (_Y, Verdict.SOFT),
        Reason.UNDETERMINED: (Fault.UNKNOWN, Verdict.SOFT),
    }
)
"""The fault and the verdict that each reason brings (the vocabulary's table)."""


def advice_for(verdict: Verdict, base: Reason, fault: Fault, action: str | None) -> Advice:
    """Return what a sender should do about a failure of this verdict and reason (the vocabulary's table)."""
    if verdict is Verdict.NONE:
        return Advice.NONE
    if verdict is Verdict.HARD:
        return Advice.SUPPRESS
    if action is Action.DELAYED or base is Reason.GREYLISTED or fault is Fault.TRANSPORT or fault is Fault.SYSTEM:
        return Advice.RETRY
    if fault is Fault.MESSAGE:
        return Advice.FIX_MESSAGE
    if fault is Fault.SENDER or base is Reason.NOT_AUTHORIZED:
        return Advice.FIX_SENDER
    return Advice.COUNT
