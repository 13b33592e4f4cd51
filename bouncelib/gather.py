"""What a message says of deliveries: runs the formats, unwraps replies, merges the evidence, keeps the sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.dispatch import Dispatcher
from bouncelib.format import Format
from bouncelib.guard import ask
from bouncelib.message import Message
from bouncelib.model import Action, EnhancedCode, Evidence, Kind, Reading, Refused
from bouncelib.patterns import late
from bouncelib.signs import Signs

_DELIVERY: Final = (Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS)
_LOCAL: Final = frozenset({"x-unix", "x-local", "lmtp", "x-notes"})
# On text in lower case: without regard to case, every alternative would be tried at every character.
_UNREACHED: Final = late(
    r"timed out|refused to talk|connection (?:refused|reset|timed|dropped)|no route|not found|unreachable|name service|nxdomain|"
    r"host unknown|unknown host|lookup|no such host|cannot resolve|can't resolve|deferred: |"
    r"\(nullmx\)|indicated no smtp service|no such domain|domain does not exist|mx records point|bad address record|"
    r"loops back to (?:my|it)self"
)
# Sendmail's own, in the form of a reply and under the name of a host that it did not find, or did not ask (RFC 7505).
_OWN_WORDS: Final = frozenset({"550 Host unknown", "556 Host does not accept mail: MX 0 ."})
_LOOK: Final = 500
# Statuses (subject, detail) that name no cause by themselves, whatever RFC 3463 says of them: 4.7 that the time was over, 7.1
# any refusal, 5.1 any 5yz reply to a command, 4.1 and 4.4 all that may stand between two hosts. The notice may do better.
_MUTE: Final = frozenset({(2, 1), (4, 1), (4, 4), (4, 7), (5, 1), (7, 1)})
# A local program's exit code, which is all that Sendmail puts into the machine-readable part: its transcript has the words.
_EXIT: Final = late(r'[\s"]*[0-9]{1,3}[\s"]*')
_FILLED: Final = (
    "diagnostic",
    "diagnostic_type",
    "remote_mta",
    "host",
    "stage",
    "smtp_code",
    "status",
    "original_address",
    "refused",
)


def gather(message: Message, dispatcher: Dispatcher, own: Dispatcher | None = None) -> Reading:
    """Return what `message` says; its kind is `other` where no format reads it.

    `own` holds the user's formats, which are asked before those of `dispatcher`.
    """
    reading = _gather(message, dispatcher) if own is None else _gather_with(message, dispatcher, own)
    # The signs among it point back at the message: without that circle both are freed at once, and not by the collector.
    message.noted.clear()
    return reading


def _gather_with(message: Message, dispatcher: Dispatcher, own: Dispatcher) -> Reading:
    given, spare = _ask_own(message, own)
    if given is None:
        reading = _gather(message, dispatcher)
        return _settled(message, spare) if spare is not None and reading.kind is Kind.OTHER else reading
    if given.kind in _DELIVERY and not all(map(_is_complete, given.recipients)):
        found = _gather(message, dispatcher)
        given = evolve(given, recipients=tuple(_fill(given.recipients, found.recipients)))
    return _settled(message, given)


def _ask_own(message: Message, own: Dispatcher) -> tuple[Reading | None, Reading | None]:
    """Return the first whole reading of the user's formats, and what held of one that was refused in part.

    The latter counts only where nobody else reads the message: what is refused takes nobody's recipients with it.
    """
    spare: Reading | None = None
    lead = own.lead
    for form in (*((lead,) if lead else ()), *own.candidates(Signs.of(message))):
        answer = ask(form, message)
        if answer.reading is not None and answer.whole:
            return answer.reading, None
        spare = spare or answer.reading
    return None, spare


def _gather(message: Message, dispatcher: Dispatcher, *, wrapped: bool = False) -> Reading:
    """Return what the formats of `dispatcher` make of `message`.

    `wrapped` says that it was found inside another message already: it is not looked into any further.
    """
    lead = dispatcher.lead
    signs = Signs.of(message)
    reading = _run(lead, message) if lead and not signs.letter else None
    if reading is not None and message.media != "multipart/report" and (signs.personal or signs.posted):
        # Somebody forwards the parts of a report, answers one, or asks a list about it.
        reading = None
    if reading is not None and all(map(_is_complete, reading.recipients)):
        return (None if signs.from_daemon else _challenge(signs, dispatcher)) or _settled(message, reading)
    for form in dispatcher.candidates(signs):
        if form.last_resort and not signs.plausible:
            continue
        if reading is not None and (form.bare or form.kind not in _DELIVERY):
            continue
        if form.last_resort and reading is None and not wrapped:
            inner = _inner(message, signs, dispatcher)
            if inner is not None:
                return inner
            wrapped = True
        found = _run(form, message)
        if found is None:
            continue
        if reading is not None and form.last_resort and reading.format != "rfc3464":
            # Where the writer is known, a guess may fill a gap only with a server's own words.
            found = evolve(found, recipients=tuple(filter(_quotes_a_reply, found.recipients)))
        if reading is None:
            if found.kind not in _DELIVERY or all(map(_is_complete, found.recipients)):
                return _settled(message, found)
            # Somebody else may see what was said.
            reading = found
            continue
        reading = evolve(reading, recipients=tuple(_fill(reading.recipients, found.recipients)))
        if all(map(_is_complete, reading.recipients)):
            break
    return _settled(message, reading) if reading else Reading(Kind.OTHER)


def _run(form: Format, message: Message) -> Reading | None:
    """Return what `form` makes of `message`; whatever it raises becomes a defect that names it."""
    try:
        answer = form.run(message)
    except Exception as error:  # noqa: BLE001 - mail never raises, whoever wrote the format
        message.note(f"format {form.name} failed: {type(error).__name__}: {error}")
        return None
    if not isinstance(answer, Reading):
        return None
    limit = message.limits.recipients
    if len(answer.recipients) > limit:
        message.note(f"recipients cut at {limit}")
        answer = evolve(answer, recipients=answer.recipients[:limit])
    return answer


def _inner(message: Message, signs: Signs, dispatcher: Dispatcher) -> Reading | None:
    """Return what the report says that a filter or a list passed on whole, inside a message of its own, or None."""
    part = message.original_part()
    if part is None or part.content_type != "message/rfc822" or not signs.plausible:
        return None
    inner = Message(part.body(message.limits.status_bytes), message.limits)
    if not inner.media.startswith("multipart/report") and not Signs.of(inner).from_daemon:
        return None
    came_to = (addresses.clean(inner.headers.get(b"to") or "") or "").lower()
    if came_to and came_to.encode() in signs.sender and not (signs.from_daemon or signs.null_return_path):
        # Somebody shows a report that he got.
        return Reading(Kind.OTHER)
    if came_to and _came_back(message, came_to):
        return None
    reading = _gather(inner, dispatcher, wrapped=True)
    inner.noted.clear()
    return reading if reading.kind in _DELIVERY else None


def _came_back(message: Message, came_to: str) -> bool:
    """Return whether the notice tells that `came_to`, to whom the report inside went, did not get it: a bounce of a bounce."""
    ends = f"{message.headers.get(b'from')} {message.headers.get(b'to')}".lower()
    return came_to not in ends and came_to in message.notice.lower()


def _challenge(signs: Signs, dispatcher: Dispatcher) -> Reading | None:
    """Return the challenge that comes in the shape of a delivery report: from the recipient, not from a mail system."""
    if not signs.sender:
        return None
    for form in dispatcher.challenges.candidates(signs):
        found = _run(form, signs.message)
        if found is not None:
            return _settled(signs.message, found)
    return None


def _settled(message: Message, reading: Reading) -> Reading:
    recipients: Sequence[Evidence] = reading.recipients
    if len(recipients) > 1:
        recipients = _merge(recipients)
    limit = message.limits.diagnostic_chars
    settled = []
    for one in recipients:
        said = one.diagnostic
        if said and len(said) > limit:
            message.note(f"diagnostic cut at {limit} characters")
            one = evolve(one, diagnostic=said[:limit])  # noqa: PLW2901 - what is looked at of it
        settled.append(settle(one))
    return Reading(
        reading.kind,
        tuple(settled),
        reading.fields,
        reading.format,
        reading.defects,
        reading.new_address,
    )


def _merge(recipients: Sequence[Evidence]) -> list[Evidence]:
    """Return `recipients` with what is said twice of one address put together: the first source wins each field."""
    merged: dict[tuple[str, str, str], Evidence] = {}
    for one in recipients:
        key = ((one.address or "").casefold(), (one.original_address or one.address or "").casefold(), "")
        known = merged.get(key)
        if known and known.diagnostic and one.diagnostic and known.diagnostic != one.diagnostic:
            # An alias whose members had different fates: each is judged.
            key = (*key[:2], one.diagnostic)
        known = merged.get(key)
        if known is None:
            merged[key] = one
        elif not known.diagnostic and one.diagnostic:
            merged[key] = next(_fill([known], [one]))
    return list(merged.values())


def _quotes_a_reply(evidence: Evidence) -> bool:
    reply = smtp.find_reply(evidence.diagnostic or "")
    return bool(reply.code or reply.status)


def _is_complete(evidence: Evidence) -> bool:
    """Return whether a report says enough of one recipient: a specific status, or what was said."""
    action = evidence.action
    if not (action is Action.FAILED or action is Action.DELAYED):
        return True
    if evidence.unwrapped or (evidence.diagnostic and not _is_stub(evidence)):
        return True
    if evidence.diagnostic and evidence.diagnostic_type not in _LOCAL:
        # Whose mailbox the code is about, the rest of the reply tells.
        return False
    status = evidence.status
    # x.y.0 and x.3.y tell no cause either (RFC 3463, section 3).
    return (
        status is not None
        and status.detail != 0
        and status.subject != 3
        and (status.subject, status.detail) not in _MUTE
    )


def _is_stub(evidence: Evidence) -> bool:
    said = evidence.diagnostic or ""
    if evidence.diagnostic_type in _LOCAL:
        return _EXIT.fullmatch(said) is not None
    # The first line of a longer reply, which is all that Sendmail keeps; its transcript has the last one.
    return said[3:4] == "-" and said[:3].isdigit() and f"{said[:3]} " not in said


def _completes(said: str, stub: Evidence) -> bool:
    # Of a longer reply, only the same one has the rest.
    return stub.diagnostic_type in _LOCAL or said[:3] == (stub.diagnostic or "")[:3]


def _fill(known: Sequence[Evidence], found: Sequence[Evidence]) -> Iterator[Evidence]:
    """Yield `known` with what is missing taken from `found`: the first source wins each field."""
    by_address = {one.address.casefold(): one for one in found if one.address}
    for one in known:
        other = by_address.get((one.address or "").casefold())
        if other is None and len(known) == len(found) == 1:
            other = found[0]
        if other is None or _is_complete(one):
            yield one
            continue
        gaps = {
            name: getattr(other, name)
            for name in _FILLED
            if getattr(one, name) is None and getattr(other, name) is not None
        }
        if other.diagnostic and _is_stub(one) and _completes(other.diagnostic, one):
            gaps["unwrapped"] = other.diagnostic
        sources = tuple((name, other.format or "") for name in gaps)
        yield evolve(
            one,
            **gaps,
            guessed=one.guessed or (other.guessed and not gaps.keys().isdisjoint({"diagnostic", "unwrapped"})),
            sources=(*one.sources, *sources),
        )


def settle(evidence: Evidence) -> Evidence:
    """Return `evidence` with its codes, its innermost reply, the host and the step of the session taken from what was said."""
    text = evidence.diagnostic
    if not text:
        return evolve(evidence, refused=Refused.NEVER_REACHED) if evidence.diagnostic_type == "dns" else evidence
    whole = smtp.join_lines(text)
    inner = evidence.unwrapped or smtp.unwrap(whole)
    code, said = smtp.find_reply(inner)
    if said is None and inner is not whole:
        said = smtp.find_status(whole)
    status = evidence.status
    if said is not None and said.class_ != 2 and (status is None or _more_specific(said, status)):
        status = said
    host = evidence.host or smtp.find_host(text)
    if host is None and evidence.remote_mta:
        host = smtp.host_name(evidence.remote_mta)
    stage = evidence.stage or smtp.find_stage(text)
    # Spelt out: copying field by field costs a multiple, and this runs for every recipient.
    return Evidence(
        evidence.address,
        evidence.original_address,
        evidence.action,
        status,
        evidence.smtp_code or code,
        text,
        evidence.unwrapped or (inner if inner is not text else None),
        evidence.diagnostic_type,
        evidence.remote_mta,
        host,
        stage,
        evidence.format,
        evidence.refused or _refused(evidence.diagnostic_type, text, code, evidence.remote_mta or host or stage),
        evidence.fields,
        evidence.sources,
        evidence.guessed,
    )


def _refused(kind: str | None, text: str, code: str | None, remote: str | None) -> Refused | None:
    """Return who speaks, as far as the report tells."""
    if kind == "dns":
        return Refused.NEVER_REACHED
    if text in _OWN_WORDS:
        return Refused.NEVER_REACHED
    if kind in _LOCAL:
        return Refused.AFTER_ACCEPTANCE
    if code and (kind == "smtp" or remote):
        return Refused.IN_SESSION
    if _UNREACHED.search(text[:_LOOK].lower()):
        return Refused.NEVER_REACHED
    return Refused.AFTER_ACCEPTANCE if kind == "x-postfix" else None


def _more_specific(new: EnhancedCode, old: EnhancedCode) -> bool:
    # The remote server's word beats the reporting server's summary, unless it says nothing and the summary does.
    return not (new.subject == 0 and new.detail == 0) or (old.subject == 0 and old.detail == 0)
