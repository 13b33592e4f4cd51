"""BATV (draft-levine-smtp-batv): sender addresses signed with `prvs=`, so that only answers to our own mail have it.

The tag is ten characters, K DDD SSSSSS: the number of the key, the day on which the tag expires (days since 1970-01-01,
modulo 1000), and the first three bytes, in hexadecimal, of HMAC-SHA1 over K, DDD and the original address.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from bouncelib.returnpath.parts import (
    CLOCK_SKEW,
    TagStatus,
    bare,
    join_address,
    key_bytes,
    octets,
    split_address,
    unix_day,
)

if TYPE_CHECKING:
    from datetime import date

_TAG = r"(?P<key>[0-9])(?P<day>[0-9]{3})(?P<hash>[0-9a-f]{6})"
_FLAGS = re.ASCII | re.IGNORECASE | re.DOTALL
_STANDARD = re.compile(rf"prvs={_TAG}=(?P<local>.+)", _FLAGS)
# The older form: the local part first.
_OLDER = re.compile(rf"prvs=(?P<local>.+)/{_TAG}", _FLAGS)
# Exim puts its tag before a quoted local part without a look at the quotes.
_QUOTE_INSIDE = re.compile(r'(prvs=[0-9a-f]{10}=)"', _FLAGS)


@attrs.frozen
class Batv:
    """What `read_batv()` or `verify_batv()` found.

    Unless the status is `malformed` or `not_tagged`, `address` is the original address, `key_number` the number of the
    key, `expires` the day of expiry modulo 1000, `tag` the ten characters as written, and `older_form` says whether
    the local part came first (`prvs=local/tag@domain`).
    """

    status: TagStatus
    address: str | None = None
    key_number: int | None = None
    expires: int | None = None
    tag: str | None = None
    older_form: bool = False


def sign_batv(
    address: str, key: str | bytes, *, key_number: int = 0, days: int = 7, today: date | None = None
) -> str | None:
    """The address signed as `prvs=KDDDSSSSSS=local@domain`, valid until `days` days after `today` (in UTC).

    None where `address` cannot carry a tag: the null return path, and text that is no address. An address that is
    signed already is signed again: see `read_batv()`. The key is taken for the address as written, case included.

    Raises:
        ValueError: an empty key, a key number that is no digit, or days outside 0..499.
    """
    secret = key_bytes(key)
    if not 0 <= key_number <= 9:
        raise ValueError(f"a BATV key number is one digit, 0 to 9: not {key_number}")
    _check_days(days)
    parts = split_address(address)
    if parts is None:
        return None
    local, domain = parts
    day = (unix_day(today) + days) % 1000
    digest = _digest(secret, f"{key_number}{day:03d}", join_address(local, domain))
    return join_address(f"prvs={key_number}{day:03d}{digest}={local}", domain)


def read_batv(address: str) -> Batv:
    """The parts of a BATV address, in the standard or the older form, without a key: nothing is proved.

    The status is `unchecked`, `malformed` (it begins with `prvs=` and is no tag) or `not_tagged`.
    """
    text = _QUOTE_INSIDE.sub(r'"\1', bare(address), count=1)
    begins = re.match(r'"?prvs=', text, _FLAGS) is not None
    parts = split_address(text)
    found = parts and (_STANDARD.fullmatch(parts[0]) or _OLDER.fullmatch(parts[0]))
    if not parts or not found:
        return Batv(TagStatus.MALFORMED if begins else TagStatus.NOT_TAGGED)
    return Batv(
        TagStatus.UNCHECKED,
        address=join_address(found["local"], parts[1]),
        key_number=int(found["key"]),
        expires=int(found["day"]),
        tag=found["key"] + found["day"] + found["hash"],
        older_form=found.re is _OLDER,
    )


def verify_batv(
    address: str, keys: str | bytes | Mapping[int, str | bytes], *, days: int = 7, today: date | None = None
) -> Batv:
    """The parts of a BATV address, and whether one of our keys made it and when.

    `keys` maps key numbers to keys, so that a new key can sign while tags of the old one are still good; a single key
    stands for every number. `days` is the longest time for which tags are signed: the tag holds three digits of a day
    only, and one that expires later than `days` from `today` is an old one that the count has lapped.

    Hexadecimal is compared without case and in constant time. Servers fold case, so the address is tried as written,
    with its domain and then the whole of it in lower case. A wrong tag is `wrong` whether or not it is also expired.

    Raises:
        ValueError: no key, an empty key, a key number that is no digit, or days outside 0..499.
    """
    by_number = _by_number(keys)
    _check_days(days)
    found = read_batv(address)
    if found.address is None or found.tag is None or found.key_number is None or found.expires is None:
        return found
    key = by_number.get(found.key_number)
    if key is None or not _made_by(key, found.tag, found.address):
        return attrs.evolve(found, status=TagStatus.WRONG)
    left = (found.expires - unix_day(today)) % 1000
    return attrs.evolve(found, status=TagStatus.VALID if left <= days + CLOCK_SKEW else TagStatus.EXPIRED)


def _by_number(keys: str | bytes | Mapping[int, str | bytes]) -> dict[int, bytes]:
    if not isinstance(keys, Mapping):
        return dict.fromkeys(range(10), key_bytes(keys))
    if not keys:
        raise ValueError("at least one BATV key is needed")
    if strange := [number for number in keys if number not in range(10)]:
        raise ValueError(f"a BATV key number is one digit, 0 to 9: not {strange[0]!r}")
    return {number: key_bytes(key) for number, key in keys.items()}


def _check_days(days: int) -> None:
    # Beyond half the cycle of 1000 days, a tag that is over and one that is not look alike.
    if not 0 <= days <= 499:
        raise ValueError(f"BATV tags hold a day modulo 1000: days must be 0 to 499, not {days}")


def _made_by(key: bytes, tag: str, address: str) -> bool:
    local, at, domain = address.rpartition("@")
    right = False
    for variant in (address, local + at + domain.lower(), address.lower()):
        right |= hmac.compare_digest(_digest(key, tag[:4], variant), tag[4:].lower())
    return right


def _digest(key: bytes, number_and_day: str, address: str) -> str:
    return hmac.digest(key, octets(number_and_day + address), "sha1").hex()[:6]
