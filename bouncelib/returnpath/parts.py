"""What VERP, BATV and SRS share: an address in two parts, keys, days, and the words for a checked tag."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 5321 allows 256 octets, and writers of tags go beyond; a whole line of mail is the most that can arrive.
LONGEST = 998

# A tag may be seen, about midnight, by a clock that still shows the day before the signer's.
CLOCK_SKEW = 1

_ATOMS = r"[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\s]+"
_ATOM_LOCAL = re.compile(_ATOMS)
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\\x00-\x1f\x7f-\x9f]|\\[^\x00-\x1f\x7f-\x9f])+)"')
# One label, or several: letters, digits, `-`, `_` and everything beyond ASCII (an internationalised name).
_LABEL = r"[^\x00-,./:-@\[-^`{-\xa0\s]+"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Za-z:.]+\]")


class TagStatus(StrEnum):
    """What a look at a tag shows.

    `valid`: the key made this tag, and its time is not over. `expired`: the key made it, and its time is over.
    `wrong`: no key that we hold made it. `malformed`: it begins as a tag, and is none (truncated, altered).
    `not_tagged`: an address without such a tag, or no address at all. `unchecked`: well-formed; no key was asked.
    """

    VALID = "valid"
    EXPIRED = "expired"
    WRONG = "wrong"
    MALFORMED = "malformed"
    NOT_TAGGED = "not_tagged"
    UNCHECKED = "unchecked"


def bare(address: str) -> str:
    """The address without surrounding space and one pair of angle brackets."""
    text = address.strip()
    return text[1:-1].strip() if text.startswith("<") and text.endswith(">") else text


def split_address(address: str) -> tuple[str, str] | None:
    """An address as local part and domain; the local part's quotes and backslashes are taken off.

    None where the text is no address of RFC 5321 (section 4.1.2) or RFC 6531. Two dots together are let pass in the
    local part: such addresses are in use.
    """
    text = bare(address)
    local, at, domain = text.rpartition("@")
    if not at or len(text) > LONGEST or not is_domain(domain):
        return None
    if quoted := _QUOTED_LOCAL.fullmatch(local):
        return re.sub(r"\\(.)", r"\1", quoted[1]), domain
    return (local, domain) if _ATOM_LOCAL.fullmatch(local) else None


def join_address(local: str, domain: str) -> str:
    """The address of an unquoted local part and a domain: quoted where, and only where, RFC 5321 asks for it."""
    if not _ATOM_LOCAL.fullmatch(local):
        local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    return f"{local}@{domain}"


def is_domain(text: str) -> bool:
    """Whether the text has the shape of a host name or of an address literal."""
    return _DOMAIN.fullmatch(text) is not None


def key_bytes(key: str | bytes) -> bytes:
    """A key as bytes; ValueError for an empty one, which would let anyone sign."""
    if not key:
        raise ValueError("a key must not be empty: with an empty key anyone can make valid tags")
    return octets(key) if isinstance(key, str) else bytes(key)


def key_list(keys: str | bytes | Iterable[str | bytes]) -> list[bytes]:
    """One key or several as bytes; ValueError where there is none, or an empty one."""
    found = [key_bytes(key) for key in ([keys] if isinstance(keys, str | bytes) else keys)]
    if not found:
        raise ValueError("at least one key is needed")
    return found


def octets(text: str) -> bytes:
    """UTF-8. Lone surrogates, which stand for undecodable bytes, must not raise."""
    return text.encode("utf-8", "surrogatepass")


def unix_day(today: date | None) -> int:
    """Days since 1970-01-01 (in UTC where `today` is None)."""
    day = datetime.now(UTC).date() if today is None else today
    return day.toordinal() - date(1970, 1, 1).toordinal()
