"""`Recipient` and `BounceReport`: what `parse_bounce` returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

from attrs import field, frozen

from bouncelib.model import wire
from bouncelib.model.evidence import EnhancedCode, Evidence, Field, Judgement, parse_date, travelling
from bouncelib.model.vocabulary import (
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
)


@travelling
@frozen
class Recipient:
    """One recipient of a report: what was said of it, and what that means."""

    evidence: Evidence
    judgement: Judgement

    @property
    def address(self) -> str | None:
        """The address that failed, as written in the message or decoded from it."""
        return self.evidence.address

    @property
    def original_address(self) -> str | None:
        """The address that the sender wrote to, where the report shows it: the one to suppress."""
        return self.evidence.original_address

    @property
    def action(self) -> Action | None:
        """What happened to the delivery (RFC 3464, section 2.3.3)."""
        return self.evidence.action

    @property
    def status(self) -> EnhancedCode | None:
        """The most specific enhanced code that the report states (RFC 3463), never an invented one."""
        return self.evidence.status

    @property
    def smtp_code(self) -> str | None:
        """The three-digit reply (RFC 5321) of the server that refused."""
        return self.evidence.smtp_code

    @property
    def diagnostic(self) -> str | None:
        """What was said, in full."""
        return self.evidence.diagnostic

    @property
    def unwrapped(self) -> str | None:
        """The innermost reply, where the diagnostic wraps one."""
        return self.evidence.unwrapped

    @property
    def remote_mta(self) -> str | None:
        """The server that the report names as the remote one (RFC 3464, section 2.3.5)."""
        return self.evidence.remote_mta

    @property
    def host(self) -> str | None:
        """The server whose words the diagnostic holds."""
        return self.evidence.host

    @property
    def stage(self) -> Stage | None:
        """The step of the SMTP session at which it was refused, where the report tells."""
        return self.evidence.stage

    @property
    def format(self) -> str | None:
        """The name of the format that read this recipient."""
        return self.evidence.format

    @property
    def refused(self) -> Refused | None:
        """Who speaks: a remote server in session, the reporter after acceptance, or nobody was reached."""
        return self.evidence.refused

    @property
    def last_attempt(self) -> datetime | None:
        """When delivery was last tried (RFC 3464, section 2.3.7)."""
        return self.evidence.last_attempt

    @property
    def will_retry_until(self) -> datetime | None:
        """Until when a delayed message will be tried (RFC 3464, section 2.3.9)."""
        return self.evidence.will_retry_until

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field of the recipient's group in an RFC 3464 report, unknown ones too, in order."""
        return self.evidence.fields

    @property
    def verdict(self) -> Verdict:
        """Whether the address is dead (`hard`), may work later (`soft`), or nothing failed (`none`)."""
        return self.judgement.verdict

    @property
    def reason(self) -> str | None:
        """Why: a `Reason`, a user's own word, or None where nothing failed."""
        return self.judgement.reason

    @property
    def reason_base(self) -> Reason | None:
        """The `Reason` behind a user's own word; `reason` itself otherwise."""
        return self.judgement.reason_base

    @property
    def fault(self) -> Fault | None:
        """Whose move it is."""
        return self.judgement.fault

    @property
    def advice(self) -> Advice:
        """What a sender should do."""
        return self.judgement.advice

    @property
    def confidence(self) -> Confidence:
        """How the verdict was reached."""
        return self.judgement.confidence

    @property
    def rule(self) -> str | None:
        """The id of the rule that decided."""
        return self.judgement.rule

    @property
    def blocklist(self) -> str | None:
        """The blocklist or reputation service that the text names."""
        return self.judgement.blocklist

    @property
    def retry_after(self) -> int | None:
        """The waiting time that the text states, in seconds."""
        return self.judgement.retry_after

    @property
    def help_url(self) -> str | None:
        """The address of an explanation that the server gave."""
        return self.judgement.help_url

    def explain(self) -> str:
        """Return the verdict and the reason for it in a few lines of plain text."""
        return wire.explain(self.evidence, self.judgement)


@frozen
class OriginalMessage:
    """The message that was returned, as far as its headers came back; `headers` are decoded, in order."""

    headers: tuple[Field, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first header `name` (without case), or None."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def message_id(self) -> str | None:
        """The Message-ID with its angle brackets (RFC 5322, section 3.6.4)."""
        return self.get("Message-ID")

    @property
    def subject(self) -> str | None:
        """The decoded subject."""
        return self.get("Subject")

    @property
    def from_(self) -> str | None:
        """The From header, decoded, as written."""
        return self.get("From")

    @property
    def to(self) -> str | None:
        """The To header, decoded, as written."""
        return self.get("To")

    @property
    def date(self) -> datetime | None:
        """When the message was written."""
        return parse_date(self.get("Date"))

    @property
    def list_id(self) -> str | None:
        """The List-Id header (RFC 2919)."""
        return self.get("List-Id")


@travelling
@frozen
class Envelope:
    """What the report's own headers tell, and the headers of the original."""

    date: datetime | None = None
    return_path: str | None = None
    should_auto_respond: bool = False
    new_address: str | None = None
    original: OriginalMessage | None = None
    candidates: tuple[Field, ...] = ()


@travelling
@frozen
class Late:
    """An `Envelope` that is worked out when somebody asks: `make(*source)`."""

    make: Callable[..., Envelope]
    source: tuple[Any, ...]


def _settle(envelope: Envelope | Late) -> Envelope:
    return envelope.make(*envelope.source) if isinstance(envelope, Late) else envelope


@travelling
@frozen
class BounceReport:
    """What one message says about deliveries; `parse_bounce` returns it for any bytes whatever."""

    kind: Kind
    recipients: tuple[Recipient, ...] = ()
    format: str | None = None
    """The name of the format that decided `kind`, or None."""
    fields: tuple[Field, ...] = ()
    """The per-message fields of RFC 3464, section 2.2, unknown ones too, or a format's own."""
    genuine: Genuine = Genuine.UNKNOWN
    genuine_because: tuple[str, ...] = ()
    """The signs that `genuine` rests on."""
    defects: tuple[str, ...] = ()
    """What was wrong with the message, or cut by a limit."""
    _envelope: Envelope | Late = field(factory=Envelope, eq=_settle, repr=False)

    @property
    def is_bounce(self) -> bool:
        """Whether delivery to at least one recipient has finally failed."""
        return self.kind is Kind.BOUNCE

    @property
    def envelope(self) -> Envelope:
        """What the report's own headers tell, and the headers of the original; worked out on first use."""
        envelope = self._envelope
        if isinstance(envelope, Late):
            envelope = _settle(envelope)
            object.__setattr__(self, "_envelope", envelope)
        return envelope

    def field(self, name: str) -> str | None:
        """Return the per-message field `name` (without case), or None."""
        name = name.lower()
        return next((value for key, value in self.fields if key.lower() == name), None)

    def _mta(self, name: str) -> str | None:
        value = self.field(name)
        return (wire.mta_name(value) or None) if value else None

    @property
    def reporting_mta(self) -> str | None:
        """The server that wrote the report (RFC 3464, section 2.2.2), without the type."""
        return self._mta("Reporting-MTA")

    @property
    def received_from_mta(self) -> str | None:
        """The server that the reporter had the message from (RFC 3464, section 2.2.4), without the type."""
        return self._mta("Received-From-MTA")

    @property
    def dsn_gateway(self) -> str | None:
        """The gateway that translated the report (RFC 3464, section 2.2.3), without the type."""
        return self._mta("DSN-Gateway")

    @property
    def envelope_id(self) -> str | None:
        """The sender's envelope id (RFC 3461 ENVID), decoded from xtext."""
        value = self.field("Original-Envelope-Id")
        return wire.decode_xtext(value) if value else None

    @property
    def arrival_date(self) -> datetime | None:
        """When the message reached the reporter (RFC 3464, section 2.2.5)."""
        return parse_date(self.field("Arrival-Date"))

    @property
    def queue_id(self) -> str | None:
        """The reporter's own id of the message, where it states one (``X-Postfix-Queue-ID``)."""
        return next((value for key, value in self.fields if key.lower().endswith("queue-id") and value), None)

    @property
    def date(self) -> datetime | None:
        """When the report was written."""
        return self.envelope.date

    @property
    def return_path(self) -> str | None:
        """The report's own return path: ``""`` is the null one (RFC 5321, section 4.5.5), None is not stated."""
        return self.envelope.return_path

    @property
    def new_address(self) -> str | None:
        """The address that a moved-address reply states."""
        return self.envelope.new_address

    @property
    def should_auto_respond(self) -> bool:
        """Whether a program may answer this message at all (RFC 3834, section 2)."""
        return self.envelope.should_auto_respond

    @property
    def candidates(self) -> tuple[Field, ...]:
        """Every address that could be the failed one, with where it stands: pairs of a source and an address."""
        return self.envelope.candidates

    @property
    def original(self) -> OriginalMessage | None:
        """The message that was returned, or None."""
        return self.envelope.original

    def explain(self) -> str:
        """Return the report in plain text: each verdict, and the reason for it."""
        lines = [recipient.explain() for recipient in self.recipients]
        if not lines:
            lines = [f"{self.kind}: no recipient named"]
        if self.genuine is not Genuine.UNKNOWN:
            lines.append(f"genuine: {self.genuine}" + "".join(f"\n  because {sign}" for sign in self.genuine_because))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON-ready values; `from_dict` brings it back equal."""
        return wire.report_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the report that `to_dict` described; raise `ValueError` where `data` is none."""
        try:
            evidence = [wire.build(Evidence, r) for r in data["recipients"]]
            judged = [wire.build(Judgement, r) for r in data["recipients"]]
            original = data["original"]
            envelope = Envelope(
                parse_iso(data["date"]),
                data["return_path"],
                data["should_auto_respond"],
                data["new_address"],
                None if original is None else OriginalMessage(wire.pairs(original["headers"])),
                wire.pairs(data["candidates"]),
            )
            return cls(
                Kind(data["kind"]),
                tuple(map(Recipient, evidence, judged)),
                data["format"],
                wire.pairs(data["fields"]),
                Genuine(data["genuine"]),
                tuple(data["genuine_because"]),
                tuple(data["defects"]),
                envelope,
            )
        except (KeyError, TypeError, AttributeError) as error:
            message = f"not a bounce report: {error!r}"
            raise ValueError(message) from error


def parse_iso(text: str | None) -> datetime | None:
    """Return the date that ISO 8601 `text` spells, or None."""
    return datetime.fromisoformat(text) if text else None
