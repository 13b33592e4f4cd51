"""Which addresses could be the failed one, and where each stands.

A report may name one recipient in several ways: as the server that failed knows it, as the sender wrote it, in the return path
that the sender made for it. `PREFERENCE` is the order in which they are believed; `BounceParser(prefer=...)` changes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve

from bouncelib import address as addresses
from bouncelib.message import Headers
from bouncelib.model import Evidence, Field, OriginalMessage
from bouncelib.patterns import late

PREFERENCE: Final = (
    "Final-Recipient",
    "X-Actual-Recipient",
    "X-Failed-Recipients",
    "notice",
    "Original-Recipient",
    "for",
    "VERP",
    "original To",
)
"""Where an address may stand: the fields of RFC 3464 and their relatives, the notice, ``for <...>`` in the original's first
Received field (RFC 5321, section 4.4), the return path that the report was sent to, the original's To."""

_PER_RECIPIENT: Final = ("Final-Recipient", "X-Actual-Recipient", "Original-Recipient")
_FOR: Final = late(r"\bfor\s+<([^<>\s]{3,320})>")
_DESTINATIONS: Final = (b"delivered-to", b"x-original-to", b"envelope-to", b"to")


def of_recipient(evidence: Evidence) -> Iterator[Field]:
    """Yield what the recipient's own evidence names: pairs of source and address."""
    named = False
    for name in _PER_RECIPIENT:
        value = evidence.field(name)
        address = addresses.from_orcpt(value) if value else None
        if address:
            named = True
            yield name, address
    if not named and evidence.address:
        yield "notice", evidence.address


def of_message(headers: Headers, original: OriginalMessage | None) -> Iterator[Field]:
    """Yield what the report's headers and the original's name: pairs of source and address."""
    from bouncelib.returnpath import read_batv, read_srs, read_verp

    for address in addresses.find_all(headers.get(b"x-failed-recipients") or ""):
        yield "X-Failed-Recipients", address
    if original is not None:
        received = [value for name, value in original.headers if name.lower() == "received"]
        match = _FOR.search(received[-1]) if received else None
        if match and addresses.clean(match[1]):
            yield "for", match[1]
    for name in _DESTINATIONS:
        for address in addresses.find_all(headers.get(name) or ""):
            bare = read_srs(address).sender or address
            verp = read_verp(read_batv(bare).address or bare)
            if verp and verp.recipient and not verp.alternatives:
                yield "VERP", verp.recipient
    if original is not None:
        for address in addresses.find_all(original.to or ""):
            yield "original To", address


def choose(
    recipients: Sequence[Evidence], prefer: Sequence[str], headers: Headers, original: OriginalMessage | None
) -> tuple[Evidence, ...]:
    """Return `recipients` with the address that stands in the first source of `prefer` that has one.

    What the whole message names says something of a recipient only where there is but one of both.
    """
    shared: dict[str, set[str]] = {}
    if len(recipients) == 1:
        for source, address in of_message(headers, original):
            shared.setdefault(source, set()).add(address)
    out = []
    for evidence in recipients:
        own = dict(of_recipient(evidence))
        own |= {source: next(iter(found)) for source, found in shared.items() if len(found) == 1}
        preferred = next((own[source] for source in prefer if source in own), None)
        out.append(
            evidence
            if preferred is None or preferred == evidence.address
            else evolve(evidence, address=preferred, original_address=evidence.original_address or preferred)
        )
    return tuple(out)
