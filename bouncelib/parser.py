"""`BounceParser` and its default instance: raw mail in, report out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

from attrs import evolve

from bouncelib.candidates import PREFERENCE, choose
from bouncelib.classify import DELIVERED, Classifier
from bouncelib.dispatch import Dispatcher
from bouncelib.envelope import make_envelope
from bouncelib.format import Format
from bouncelib.formats import CATALOGUE
from bouncelib.gather import gather, settle
from bouncelib.guard import Judge, ask, judge_by
from bouncelib.message import Limits, Message
from bouncelib.model import (
    Action,
    Advice,
    BounceReport,
    EnhancedCode,
    Evidence,
    Genuine,
    Judgement,
    Kind,
    Late,
    Reading,
    Recipient,
    Stage,
    Verdict,
)
from bouncelib.plugins import Plugins, current, switched_on
from bouncelib.rulebook import DEFAULT_RULES, Rulebook, Rules

if TYPE_CHECKING:
    from email.message import Message as EmailMessage

    from bouncelib.genuine import SentByUs

Raw: TypeAlias = "bytes | bytearray | memoryview | str | EmailMessage | BinaryIO"

_NOBODY: Final = Plugins()
_JUDGED: Final = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS})


class BounceParser:
    """Reads messages with a chosen set of formats, rules and judges; nothing global is touched."""

    def __init__(
        self,
        *,
        formats: Iterable[Format] = CATALOGUE,
        rules: Iterable[Rules] = DEFAULT_RULES,
        judges: Iterable[Judge] = (),
        plugins: bool | Plugins | None = None,
        limits: Limits | None = None,
        sent_by_us: SentByUs | None = None,
        prefer: Sequence[str] = PREFERENCE,
    ) -> None:
        """Load `formats` and `rules`; raise `RuleError` or `FormatError` where one is wrong.

        `formats` and `rules` are asked in their order; of two formats of one name only the first is asked. `judges` come
        before all rules. `plugins` says whether decorated functions and installed packages take part, behind what is given
        here and before what comes with the package: as the environment says (``BOUNCELIB_PLUGINS``) where it is None.
        `sent_by_us` says what is the user's own, for `BounceReport.genuine`; `prefer` names the sources of
        `BounceReport.candidates` in the order in which to take a recipient's address from them. Raises `ValueError` where
        that is no such source.
        """
        unknown = set(prefer) - set(PREFERENCE)
        if unknown:
            raise ValueError(f"no source of addresses: {', '.join(sorted(unknown))}")
        if not isinstance(plugins, Plugins):
            wanted = switched_on() if plugins is None else plugins
            plugins = current() if wanted else Plugins()
        # What a pickled parser is built from again.
        self._given: dict[str, Any] = {
            "formats": formats if formats is CATALOGUE else tuple(formats),
            "rules": rules if rules is DEFAULT_RULES else tuple(rules),
            "judges": tuple(judges),
            "plugins": plugins,
            "limits": limits,
            "sent_by_us": sent_by_us,
        } | ({} if prefer is PREFERENCE else {"prefer": tuple(prefer)})
        self._prefer = prefer
        self._limits = limits or Limits()
        self._sent_by_us = sent_by_us
        own, rest = _sorted_out(self._given["formats"], plugins.formats)
        self._own = Dispatcher(own) if own else None
        self._dispatcher = Dispatcher(rest)
        self._judges = (*((_name_of(one), one) for one in self._given["judges"]), *plugins.judges)
        self._classifier = Classifier(Rulebook(_with_rules(self._given["rules"], plugins.rules)))

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], BounceParser], tuple[dict[str, Any]]]:
        return _rebuilt, (self._given,)

    @property
    def limits(self) -> Limits:
        """How much of a message it looks at."""
        return self._limits

    def parse(self, raw: Raw) -> BounceReport:
        """Return what `raw` says; raise nothing, whatever bytes arrive."""
        message = Message(to_bytes(raw), self._limits)
        reading = gather(message, self._dispatcher, self._own)
        if self._prefer is not PREFERENCE:
            reading = self._choose(message, reading)
        judge = partial(self._judge, message.note) if self._judges else self._classifier.judge
        judged = reading.kind in _JUDGED
        recipients = tuple(
            [Recipient(evidence, judge(evidence) if judged else DELIVERED) for evidence in reading.recipients]
        )
        if len(recipients) > 1:
            recipients = _mildest(recipients)
        late = Late(
            make_envelope,
            (
                message.headers.block,
                # Whom nobody opened returns nothing.
                message.original if message.is_opened or judged else None,
                message.known_notice,
                reading,
                self._limits.header_count,
            ),
        )
        report = BounceReport(
            reading.kind,
            recipients,
            reading.format or None,
            reading.fields,
            defects=(*message.defects, *reading.defects),
            envelope=late,
        )
        return report if self._sent_by_us is None else self._weigh(report, message, self._sent_by_us)

    def _judge(self, note: Callable[[str], None], evidence: Evidence) -> Judgement:
        """Return what the user's judges say of `evidence`, or else the rules; `note` takes what was wrong with a judge."""
        judgement, defects = judge_by(self._judges, evidence)
        for defect in defects:
            note(defect)
        return judgement or self._classifier.judge(evidence)

    def _choose(self, message: Message, reading: Reading) -> Reading:
        """Return `reading` with the addresses that the user prefers."""
        envelope = make_envelope(
            message.headers.block, message.original, message.known_notice, reading, self._limits.header_count
        )
        chosen = choose(reading.recipients, self._prefer, message.headers, envelope.original)
        return evolve(reading, recipients=chosen)

    @staticmethod
    def _weigh(report: BounceReport, message: Message, ours: SentByUs) -> BounceReport:
        """Return `report` with what speaks for and against it; nobody is advised to act on a suspect one."""
        from bouncelib.genuine import weigh

        if report.kind not in _JUDGED:
            return report
        weighed = weigh(message.headers, report.fields, report.envelope, ours)
        recipients = report.recipients
        if weighed.genuine is Genuine.SUSPECT:
            recipients = tuple(Recipient(one.evidence, evolve(one.judgement, advice=Advice.NONE)) for one in recipients)
        return evolve(
            report,
            recipients=recipients,
            genuine=weighed.genuine,
            genuine_because=weighed.because,
            defects=(*report.defects, *weighed.defects),
        )

    def classify_response(
        self,
        text: str,
        *,
        host: str | None = None,
        stage: Stage | str | None = None,
        status: EnhancedCode | str | None = None,
        smtp_code: str | int | None = None,
        action: Action | str = Action.FAILED,
        domain: str | None = None,
        format: str | None = None,  # noqa: A002 - the report's word
    ) -> Judgement:
        """Return what one reply means, from an SMTP log or a live session.

        `text` is the reply as the server gave it, `host` the server, `stage` the step of the session (``RCPT``), `status` and
        `smtp_code` the codes where they do not stand in the text, `domain` the recipient's. Raises `ValueError` where
        `stage`, `status` or `action` is no such thing.
        """
        evidence = Evidence(
            address=f"postmaster@{domain}" if domain else None,
            action=Action(action),
            status=EnhancedCode.parse(status) if isinstance(status, str) else status,
            smtp_code=str(smtp_code) if smtp_code else None,
            diagnostic=text,
            host=host.lower().rstrip(".") if host else None,
            stage=Stage(stage) if stage else None,
            format=format,
        )
        evidence = settle(evidence)
        judgement, defects = judge_by(self._judges, evidence)
        judgement = judgement or self._classifier.judge(evidence)
        if defects:
            judgement = evolve(judgement, trail=(*judgement.trail, *(("passed over", defect) for defect in defects)))
        return judgement


def _mildest(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Return `recipients` with one of each address: an alias is not dead where one of its members is."""
    kept: dict[str | None, Recipient] = {}
    for one in recipients:
        address = one.address and f"{one.address} {one.original_address or one.address}".casefold()
        known = kept.get(address)
        if known is None or (known.verdict is Verdict.HARD and one.verdict is Verdict.SOFT):
            kept[address] = one
    return tuple(kept.values())


def _sorted_out(given: Iterable[Format], plugged: Sequence[Format]) -> tuple[tuple[Format, ...], tuple[Format, ...]]:
    """Return the user's formats, which come first, and the others; of those with one name only the first."""
    if given is CATALOGUE:
        own, rest = plugged, tuple(CATALOGUE)
    else:
        # One name may stand for several of the shipped formats.
        shipped = tuple(CATALOGUE)
        listed = tuple(given)
        first = next((place for place, one in enumerate(listed) if one in shipped), len(listed))
        own = (*listed[:first], *plugged)
        rest = tuple(one if one in shipped else _guarded(one) for one in listed[first:])
    by_name = {one.name: one for one in reversed(own)}
    return (
        tuple(one for one in own if by_name[one.name] is one),
        tuple(one for one in rest if one.name not in by_name),
    )


def _guarded(form: Format) -> Format:
    """Return a user's `form` that stands among the shipped ones, with its answer checked."""
    return evolve(form, read=lambda message: ask(form, message).reading)


def _with_rules(given: Iterable[Rules], plugged: tuple[Rules, ...]) -> Iterable[Rules]:
    """Return `given` with `plugged` behind the user's own and before the shipped ones."""
    if not plugged:
        return given
    listed = tuple(given)
    shipped = {rules.name for rules in DEFAULT_RULES}
    first = next((place for place, rules in enumerate(listed) if rules.name in shipped), len(listed))
    return (*listed[:first], *plugged, *listed[first:])


def _name_of(judge: Judge) -> str:
    return str(getattr(judge, "name", None) or getattr(judge, "__qualname__", None) or type(judge).__name__)


def _rebuilt(given: dict[str, Any]) -> BounceParser:
    if type(given["formats"]) is type(CATALOGUE):
        given = given | {"formats": CATALOGUE}
    if type(given["rules"]) is type(DEFAULT_RULES):
        given = given | {"rules": DEFAULT_RULES}
    return BounceParser(**given)


def to_bytes(raw: Raw) -> bytes:
    """Return the bytes of `raw`, whatever dress they come in; raise `TypeError` where it is none of those."""
    if isinstance(raw, bytes):
        return raw
    if isinstance(raw, str):
        try:
            return raw.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return raw.encode("utf-8", "replace")
    if isinstance(raw, (bytearray, memoryview)):
        return bytes(raw)
    if hasattr(raw, "read"):
        return to_bytes(raw.read())
    # Only who holds a message of this package has imported it.
    from email.message import Message as EmailMessage

    if isinstance(raw, EmailMessage):
        return _flatten(raw)
    raise TypeError(f"not a message: {type(raw).__name__}")


def _flatten(message: EmailMessage[Any, Any]) -> bytes:
    try:
        return message.as_bytes()
    except Exception:  # noqa: BLE001 - the standard library cannot write everything that it can read
        try:
            return message.as_string().encode("utf-8", "surrogateescape")
        except Exception:  # noqa: BLE001
            out = io.StringIO()
            for name, value in message.items():
                out.write(f"{name}: {value}\n")
            return out.getvalue().encode("utf-8", "replace")


def default_parser() -> BounceParser:
    """Return the parser behind `parse_bounce`: built on first use, and again where a plugin was added or removed."""
    return _default_with(current() if switched_on() else _NOBODY)


@lru_cache(maxsize=1)
def _default_with(plugins: Plugins) -> BounceParser:
    return BounceParser(plugins=plugins)


def parse_bounce(raw: Raw) -> BounceReport:
    """Return what the raw message says of deliveries, with a verdict per recipient and the reason for it.

    `raw` is bytes, bytearray, memoryview, str, an `email.message.Message` or a binary file object. Whatever bytes arrive, a
    report comes back and nothing is raised; whatever it reports stands in the bytes.
    """
    return default_parser().parse(raw)


def classify_response(
    text: str,
    *,
    host: str | None = None,
    stage: Stage | str | None = None,
    status: EnhancedCode | str | None = None,
    smtp_code: str | int | None = None,
    domain: str | None = None,
) -> Judgement:
    """Return what one SMTP reply means: see `BounceParser.classify_response`."""
    return default_parser().classify_response(
        text, host=host, stage=stage, status=status, smtp_code=smtp_code, domain=domain
    )
