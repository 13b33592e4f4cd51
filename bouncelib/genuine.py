"""Could this report be real? Weighed only where the user has said what is theirs.

Anyone can send a forged bounce to get an address suppressed. A valid tag or a known id confirms a report; a missing or wrong
tag, or an original that is not ours, makes it suspect. Of the weak signs it takes two: a quarter of real reports have a
return path that is not null, because lists, forwarders and filters rewrite it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from attrs import field, frozen

from bouncelib import address as addresses
from bouncelib.envelope import may_be_automatic, return_path
from bouncelib.message import Headers
from bouncelib.model import Envelope, Genuine, OriginalMessage, decode_xtext, mta_name, parse_date
from bouncelib.patterns import late
from bouncelib.returnpath import TagStatus, read_batv, verify_batv

_DELIVERED_TO: Final = (b"delivered-to", b"x-original-to", b"envelope-to", b"x-envelope-to", b"x-rcpt-to", b"to")
_IDS: Final = late(r"<[^<>\s]{3,250}>")
# What mail programs for people sign their mail with; a mail server's report has no such field.
_PROGRAMS: Final = late(
    r"\b(?:apple mail|thunderbird|microsoft (?:office )?outlook|outlook express|mutt|evolution|kmail|the bat|eudora|pine|"
    r"roundcube|iphone mail|mailmate|claws|sylpheed|seamonkey|airmail)\b",
    re.IGNORECASE,
)
_HOST: Final = late(r"(?=.*[a-z])[a-z0-9-]+(?:\.[a-z0-9-]+)+\.?\Z")
_FAILED_CHECK: Final = late(r"\b(spf|dkim|dmarc)\s*=\s*(?:hard)?fail\b", re.IGNORECASE)
_SKEW: Final = timedelta(days=1)


def _domains(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.lower().strip(".@") for value in values)


def _keys(values: Mapping[int, str] | Mapping[int, bytes] | Mapping[int, str | bytes]) -> Mapping[int, str | bytes]:
    # A copy, and not a read-only view: parsers are pickled for process pools.
    return {**values}


@frozen
class SentByUs:
    """What the user knows to be theirs: the ground on which `genuine` stands."""

    domains: frozenset[str] = field(factory=frozenset, converter=_domains)
    """Own sender domains; their subdomains count."""
    batv_keys: Mapping[int, str | bytes] = field(factory=dict, converter=_keys, repr=False)
    """Keys by number (BATV): with keys set, every report must carry a valid tag in the address that it was sent to."""
    knows_id: Callable[[str], bool] | None = None
    """Asked for each Message-ID (with its angle brackets) and envelope id in the report: did we send that?"""
    trusted_authentication: frozenset[str] = field(factory=frozenset, converter=_domains)
    """Authentication services whose Authentication-Results to believe (RFC 8601, section 2.5)."""

    def owns(self, domain: str) -> bool:
        """Return whether `domain` is one of ours or below it."""
        labels = domain.lower().rstrip(".")
        while labels:
            if labels in self.domains:
                return True
            labels = labels.partition(".")[2]
        return False


@frozen
class Weighed:
    """How genuine a report is, and the signs of it."""

    genuine: Genuine
    because: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


def weigh(headers: Headers, fields: Iterable[tuple[str, str]], envelope: Envelope, ours: SentByUs) -> Weighed:
    """Return whether the report with these `headers`, per-message `fields` and `envelope` can be real, as far as `ours` tells."""
    report = {name.lower(): value for name, value in fields}
    known = _known_id(headers, report, envelope.original, ours)
    if known:
        return Weighed(Genuine.CONFIRMED, (f"we know the id {known}",))
    tagged, tag = _tag(headers, ours)
    if tagged is TagStatus.VALID:
        return Weighed(Genuine.CONFIRMED, (f"valid tag in {tag}",))
    if tagged is not None:
        return Weighed(Genuine.SUSPECT, (f"the tag that our senders carry is {tagged.value.replace('_', ' ')}",))
    program = headers.get(b"x-mailer") or headers.get(b"user-agent") or ""
    if _PROGRAMS.search(program) and "reporting-mta" not in report:
        # The "bounce" command of mail programs imitates the text of a report, not its machine-readable part.
        return Weighed(Genuine.SUSPECT, (f"made by a mail program for people: {program}",))
    weak = tuple(_weak_signs(headers, report, envelope, ours))
    if len(weak) > 1:
        return Weighed(Genuine.SUSPECT, weak)
    senders = _senders(envelope.original)
    if ours.domains and senders:
        mine = next((sender for sender in senders if ours.owns(addresses.domain(sender))), None)
        if mine is None:
            return Weighed(Genuine.SUSPECT, (f"the returned message is not ours: {senders[0]}",), weak)
        return Weighed(Genuine.PLAUSIBLE, (f"the returned message is ours: {mine}",), weak)
    return Weighed(Genuine.UNKNOWN, (), weak)


def _known_id(
    headers: Headers, report: Mapping[str, str], original: OriginalMessage | None, ours: SentByUs
) -> str | None:
    if ours.knows_id is None:
        return None
    ids = []
    if original and original.message_id:
        ids.append(original.message_id)
    for name in (b"in-reply-to", b"references", b"x-original-message-id"):
        ids += _IDS.findall(headers.get(name) or "")
    for field_name in ("original-envelope-id", "x-original-message-id"):
        if report.get(field_name):
            ids.append(decode_xtext(report[field_name]))
    return next((one for one in ids if ours.knows_id(one)), None)


def _tag(headers: Headers, ours: SentByUs) -> tuple[TagStatus | None, str]:
    """Return what became of the tag that the report's destination should carry, and that address; None where no key is set."""
    if not ours.batv_keys:
        return None, ""
    worst = TagStatus.NOT_TAGGED
    for name in _DELIVERED_TO:
        for address in addresses.find_all(headers.get(name) or ""):
            tag = verify_batv(address, ours.batv_keys)
            if tag.status is TagStatus.VALID and (not ours.domains or ours.owns(addresses.domain(tag.address))):
                return TagStatus.VALID, address
            if tag.status is not TagStatus.NOT_TAGGED:
                worst = tag.status if tag.status is not TagStatus.VALID else TagStatus.WRONG
    return worst, ""


def _senders(original: OriginalMessage | None) -> list[str]:
    """Return the addresses that say who sent the original, without the tags of return paths."""
    if original is None:
        return []
    found = []
    for name in ("From", "Return-Path", "Sender", "Resent-From", "X-Original-From"):
        found += [read_batv(address).address or address for address in addresses.find_all(original.get(name) or "")]
    return found


def _weak_signs(headers: Headers, report: Mapping[str, str], envelope: Envelope, ours: SentByUs) -> Iterable[str]:
    path = headers.raw(b"return-path")
    if path is not None and return_path(path) and not may_be_automatic(return_path(path)):
        yield f"the return path {return_path(path)} is neither null nor a mail system's"
    if _PROGRAMS.search(headers.get(b"x-mailer") or headers.get(b"user-agent") or ""):
        yield "it is signed by a mail program for people"
    reporter = mta_name(report.get("reporting-mta", "")).lower()
    received = [value.decode("latin-1").lower() for name, value in headers.items() if name.lower() == b"received"]
    if received and _HOST.match(reporter) and _organisation(reporter) not in " ".join(received):
        yield f"the reporting server {reporter} is not among those that the report passed"
    for name, value in headers.items():
        if name.lower() == b"authentication-results":
            service, _, results = value.decode("latin-1").partition(";")
            failed = _FAILED_CHECK.search(results)
            if failed and service.split()[:1] and service.split()[0].lower() in ours.trusted_authentication:
                yield f"{service.strip()} found that {failed[1].lower()} fails for the report"
    sent = parse_date(envelope.original.get("Date")) if envelope.original else None
    if sent and envelope.date and envelope.date < sent - _SKEW:
        yield "the report is older than the message that it returns"


def _organisation(host: str) -> str:
    labels = host.rstrip(".").split(".")
    return ".".join(labels[-2:]) if len(labels[-1]) > 2 else ".".join(labels[-3:] if len(labels) > 2 else labels)
