"""SRS, the sender rewriting scheme: what a forwarder makes of a sender's address, so that SPF passes.

`SRS0=HHH=TT=domain=local@forwarder`, and behind a second forwarder
`SRS1=HHH=forwarder==HHH=TT=domain=local@forwarder2`. The separator after `SRS0` or `SRS1` is `=`, `+` or `-`; HHH is
the beginning, in base64, of HMAC-SHA1 in the forwarder's key; TT the day modulo 1024 in two base32 characters.
The references are Mail::SRS and libsrs2. Reading needs no key; verifying needs the forwarder's.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING

import attrs

from bouncelib.returnpath.parts import (
    CLOCK_SKEW,
    TagStatus,
    bare,
    is_domain,
    join_address,
    key_list,
    octets,
    split_address,
    unix_day,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_FLAGS = re.ASCII | re.IGNORECASE | re.DOTALL
_HASH = r"(?P<hash>[A-Za-z0-9+/]+)"
_SENDER = r"(?P<stamp>[A-Z2-7]{2})=(?P<domain>[^=]+)=(?P<local>.+)"
_SRS0 = re.compile(rf"SRS0[=+-]{_HASH}={_SENDER}", _FLAGS)
# A forwarder that finds SRS0 keeps all behind these four letters, its separator too: hence the two separators here.
_SRS1 = re.compile(rf"SRS1[=+-]{_HASH}=(?P<forwarder>[^=]+)=(?P<inner>[=+-][A-Za-z0-9+/]+={_SENDER})", _FLAGS)


@attrs.frozen
class Srs:
    """What `read_srs()` or `verify_srs()` found.

    Unless the status is `malformed` or `not_tagged`: `version` is 0 or 1; `sender` the original sender's address;
    `address` the one that a report goes on to (for SRS0 the same; for SRS1 the SRS0 address at the first forwarder);
    `day` the day of the rewriting modulo 1024, and `hash` this forwarder's hash as written.
    """

    status: TagStatus
    version: int | None = None
    sender: str | None = None
    address: str | None = None
    day: int | None = None
    hash: str | None = None


def read_srs(address: str) -> Srs:
    """The parts of an SRS0 or SRS1 address, without a key: nothing is proved.

    The status is `unchecked`, `malformed` (it begins as SRS and is truncated or altered) or `not_tagged`.
    """
    return _read(address)[0]


def verify_srs(
    address: str,
    keys: str | bytes | Iterable[str | bytes],
    *,
    max_age: int = 21,
    shortest: int = 4,
    today: date | None = None,
) -> Srs:
    """The parts of an SRS0 or SRS1 address, and whether one of the keys made it.

    `keys` is the forwarder's key, or several, the present one and former ones. A hash of fewer than `shortest`
    characters is `wrong`; hashes are compared without case, because some servers fold it, and in constant time.
    An SRS0 address made more than `max_age` days before `today` (in UTC) is `expired`. In an SRS1 address the time is
    the first forwarder's to check, as in Mail::SRS.

    Raises:
        ValueError: no key, an empty key, max_age outside 0..511, or shortest below 1.
    """
    secrets = key_list(keys)
    if not 0 <= max_age <= 511:
        raise ValueError(f"SRS holds a day modulo 1024: max_age must be 0 to 511, not {max_age}")
    if shortest < 1:
        raise ValueError(f"an SRS hash has at least one character: shortest must not be {shortest}")
    found, signed = _read(address)
    if found.hash is None or found.day is None:
        return found
    # Not any(): every key is asked, so that the time does not tell which one was near.
    right = [_made_by(secret, found.hash, signed) for secret in secrets]
    if True not in right or len(found.hash) < shortest:
        return attrs.evolve(found, status=TagStatus.WRONG)
    age = (unix_day(today) + CLOCK_SKEW - found.day) % 1024
    over = found.version == 0 and age > max_age + CLOCK_SKEW
    return attrs.evolve(found, status=TagStatus.EXPIRED if over else TagStatus.VALID)


def _read(address: str) -> tuple[Srs, str]:
    """The parts, and the text that the hash covers."""
    parts = split_address(address)
    found = parts and (_SRS0.fullmatch(parts[0]) or _SRS1.fullmatch(parts[0]))
    if not found or not is_domain(found["domain"]):
        begins = re.match(r'"?SRS[01][=+-]', bare(address), _FLAGS) is not None
        return Srs(TagStatus.MALFORMED if begins else TagStatus.NOT_TAGGED), ""
    sender = join_address(found["local"], found["domain"])
    stamp = found["stamp"].lower()
    day = _BASE32.index(stamp[0]) * 32 + _BASE32.index(stamp[1])
    if found.re is _SRS0:
        signed = found["stamp"] + found["domain"] + found["local"]
        return Srs(TagStatus.UNCHECKED, 0, sender, sender, day, found["hash"]), signed
    if not is_domain(found["forwarder"]):
        return Srs(TagStatus.MALFORMED), ""
    onward = join_address("SRS0" + found["inner"], found["forwarder"])
    return Srs(TagStatus.UNCHECKED, 1, sender, onward, day, found["hash"]), found["forwarder"] + found["inner"]


def _made_by(key: bytes, tag: str, signed: str) -> bool:
    # bytes.lower() folds ASCII alone, as the references do.
    digest = base64.b64encode(hmac.digest(key, octets(signed).lower(), "sha1")).rstrip(b"=")
    return hmac.compare_digest(digest[: len(tag)].lower(), tag.encode("ascii").lower())
