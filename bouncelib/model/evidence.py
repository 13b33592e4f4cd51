"""What a report says of one recipient (`Evidence`), what one format made of a message (`Reading`), and what it means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Self, TypeVar

from attrs import fields, frozen

from bouncelib.model.vocabulary import (
    REASONS,
    Action,
    Advice,
    Confidence,
    Fault,
    Kind,
    Reason,
    Refused,
    Stage,
    Verdict,
    advice_for,
)

_C = TypeVar("_C", bound=type)

# RFC 3463, section 2.
_CODE: Final = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})")


def travelling(cls: _C) -> _C:
    """Return the value class `cls`, pickled as its values alone, in half the time: reports travel between processes."""
    values = attrgetter(*(one.name for one in fields(cls)))

    def reduce(value: object) -> tuple[type, tuple[Any, ...]]:
        return cls, values(value)

    cls.__reduce__ = reduce  # type: ignore[method-assign,assignment]
    return cls


@travelling
@frozen(order=True)
class EnhancedCode:
    """An enhanced mail system status code (RFC 3463): `str()` is ``5.1.1``."""

    class_: int
    subject: int
    detail: int

    def __str__(self) -> str:
        """Return the code as it is written: ``5.1.1``."""
        return f"{self.class_}.{self.subject}.{self.detail}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the code that `text` spells; raise `ValueError` where it spells none."""
        match = _CODE.fullmatch(text)
        if match is None:
            raise ValueError(f"no enhanced code: {text!r}")
        return cls(int(match[1]), int(match[2]), int(match[3]))


Field = tuple[str, str]
"""A field name as written and its unfolded value."""


@travelling
@frozen
class Evidence:
    """What one report says of one recipient; nothing here is judged."""

    address: str | None = None
    """The address that failed, as written (Final-Recipient first)."""
    original_address: str | None = None
    """The address that the sender wrote to, where the report shows it."""
    action: Action | None = None
    status: EnhancedCode | None = None
    """The most specific enhanced code that the report states (RFC 3463)."""
    smtp_code: str | None = None
    """The three-digit reply (RFC 5321) of the server that refused."""
    diagnostic: str | None = None
    """What was said, in full."""
    unwrapped: str | None = None
    """The innermost reply, where `diagnostic` wraps one."""
    diagnostic_type: str | None = None
    """The type of the Diagnostic-Code (RFC 3464, section 2.3.6): ``smtp``, ``x-unix`` ..."""
    remote_mta: str | None = None
    """The server that the report names as the remote one (RFC 3464, section 2.3.5)."""
    host: str | None = None
    """The server whose words `diagnostic` holds."""
    stage: Stage | None = None
    format: str | None = None
    """The name of the format that read this."""
    refused: Refused | None = None
    fields: tuple[Field, ...] = ()
    """Every field of the recipient's group in an RFC 3464 report, in order."""
    sources: tuple[Field, ...] = ()
    """Where each value came from: pairs of its name and a format's."""
    guessed: bool = False
    """Whether a generic reader found it."""

    def field(self, name: str) -> str | None:
        """Return the value of the group's field `name` (without case), or None."""
        name = name.lower()
        return next((value for key, value in self.fields if key.lower() == name), None)

    @property
    def last_attempt(self) -> datetime | None:
        """When delivery was last tried (RFC 3464, section 2.3.7), or None."""
        return parse_date(self.field("Last-Attempt-Date"))

    @property
    def will_retry_until(self) -> datetime | None:
        """Until when a delayed message will be tried (RFC 3464, section 2.3.9), or None."""
        return parse_date(self.field("Will-Retry-Until"))

    @property
    def final_log_id(self) -> str | None:
        """The id of the message in the final server's log (RFC 3464, section 2.3.8), or None."""
        return self.field("Final-Log-ID")


@travelling
@frozen
class Judgement:
    """What the facts mean, and why."""

    verdict: Verdict
    reason: str | None
    """A `Reason`, a user's own word, or None where nothing failed."""
    reason_base: Reason | None
    fault: Fault | None
    advice: Advice
    confidence: Confidence
    rule: str | None
    """The id of the rule that decided."""
    words: str | None = None
    """The words of the text that decided, as the rule spells them."""
    trail: tuple[Field, ...] = ()
    """The other rules that had a say: pairs of what became of them and their id."""
    blocklist: str | None = None
    """The blocklist or reputation service that the text names."""
    retry_after: int | None = None
    """The waiting time that the text states, in seconds."""
    help_url: str | None = None
    """The address of an explanation that the server gave."""

    @classmethod
    def of(
        cls,
        reason: Reason | str,
        verdict: Verdict | str | None = None,
        *,
        rule: str | None = None,
        confidence: Confidence | str = Confidence.HIGH,
        action: Action | None = None,
    ) -> Self:
        """Return the judgement that `reason` brings, for judges of a user's own: its verdict, fault and advice follow.

        `verdict` is given where it departs from the reason's; `action` is the recipient's, for the advice. Raises
        `ValueError` where a word is not in the vocabulary.
        """
        reason = Reason(reason)
        fault, usual = REASONS[reason]
        verdict = usual if verdict is None else Verdict(verdict)
        advice = advice_for(verdict, reason, fault, action)
        return cls(verdict, reason, reason, fault, advice, Confidence(confidence), rule)


@travelling
@frozen
class Reading:
    """What one format made of a message."""

    kind: Kind
    recipients: tuple[Evidence, ...] = ()
    fields: tuple[Field, ...] = ()
    """What the report says of itself: the per-message fields of RFC 3464, or the format's own."""
    format: str = ""
    defects: tuple[str, ...] = ()
    new_address: str | None = None
    """Where an automatic reply says to write from now on."""


def parse_date(text: str | None) -> datetime | None:
    """Return the RFC 5322 date-time that `text` holds, with a time zone, or None where it holds none."""
    if not text:
        return None
    # It brings half of the package `email` with it, and many reports are read for their verdicts alone.
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
