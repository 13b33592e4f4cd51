"""Address forms to one clean address: RFC 5321, 5322, 3464, 6533.

Pure functions on text. What comes back stands in what went in, or is decoded from it by a named rule; no control character
and no white space survives into an address.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib.model import decode_xtext
from bouncelib.patterns import late

_LINK: Final = late(r"(?<![^\s<>@:;,])([^\s<>@:;,]{1,64}@[^\s<>@:;,]{1,255})<mailto:\1>")
_ANGLE: Final = late(r"<([^<>]{1,1000})>")
# RFC 5321 atoms as they are met, RFC 6531 letters beyond ASCII, a quoted local part; "@" and a domain or an address literal.
# The punctuation of Chinese, Japanese and Korean stands where there is no blank, and in no address.
_WIDE: Final = r"\u3001\u3002\u3008-\u3011\u3014\u3015\uff08\uff09\uff0c\uff1a\uff1b"
_LOCAL: Final = rf"(?:\"[^\"\r\n]{{1,64}}\"|[^\s\"<>()\[\],:;@\\\x00-\x1f\x7f-\x9f{_WIDE}]{{1,254}})"
_DOMAIN: Final = rf"(?:\[[0-9A-Fa-f:.IPv]{{3,60}}\]|[^\s\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x9f{_WIDE}]{{1,254}})"
_ADDRESS: Final = late(rf"{_LOCAL}@{_DOMAIN}")
_WHOLE: Final = late(rf"{_LOCAL}@{_DOMAIN}\Z")
_PLAIN: Final = late(r"[A-Za-z0-9_%+=/~!#$&*?^{|}.-]{1,254}@[A-Za-z0-9-][A-Za-z0-9.-]{0,253}[A-Za-z0-9]\Z")
# A local part with blanks, as nullmailer and others write it: without its quotes.
_UNQUOTED: Final = late(rf"([\w.+'-]{{1,64}}(?: [\w.+'-]{{1,64}}){{1,3}})@({_DOMAIN})\Z")
_UNITEXT: Final = late(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ESCAPE: Final = late(r"\+(2B|3D|[89A-F][0-9A-F])")
_TYPE: Final = late(r"\s*([A-Za-z][\w./-]{0,30})\s*;")
_TRAILING: Final = ".;,:'`"


def clean(text: str) -> str | None:
    """Return the one address that `text` holds in any usual dress (angle brackets, source route, quotes), or None."""
    text = text.strip()
    if _PLAIN.match(text):
        return text
    if _WHOLE.match(text):
        return _visible(text.strip("'`").rstrip(_TRAILING))
    if "<" in text:
        inner = [match[1] for match in _ANGLE.finditer(text)]
        for candidate in reversed(inner):
            found = _bare(candidate)
            if found:
                return found
        text = text.replace("<", " ").replace(">", " ")
    return _bare(text)


def _bare(text: str) -> str | None:
    text = text.strip()
    # RFC 5321, section 4.1.2: a source route stands before the mailbox.
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    match = _ADDRESS.search(text)
    return _visible(match[0].lstrip("'`").rstrip(_TRAILING)) if match else None


def _visible(address: str) -> str | None:
    """Return `address`, or None where it hides a character: nobody could tell it from another address."""
    return address if address and address.isprintable() else None


def from_field(value: str) -> tuple[str, str | None]:
    """Return the type and the address of a recipient field (``rfc822; ann@library.example``, RFC 3464, section 2.1.2).

    The type is lower case and empty where none is given. Addresses of the type ``utf-8`` are decoded (RFC 6533, section 3).
    A local recipient without a domain is an address too, and blanks in a local part are quoted.
    """
    kind, semicolon, plain = value.partition(";")
    plain = plain.strip()
    if semicolon and _PLAIN.match(plain):
        return kind.strip().lower(), plain
    kind = ""
    match = _TYPE.match(value)
    if match:
        kind = match[1].lower()
        value = value[match.end() :]
    value = value.strip()
    if kind == "utf-8" and "\\x{" in value:
        value = _UNITEXT.sub(_character, value)
        if "\\x{" in value:
            # It spells what no address holds: what stands behind it is not the address.
            return kind, None
    if kind == "rfc822" and (bare := _UNQUOTED.match(value)):
        # All of the field is the address (RFC 3464, section 2.1.2): its last word alone is somebody else.
        return kind, f'"{bare[1]}"@{bare[2]}'
    return kind, clean(value) or _local(value)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    text = chr(number) if number < 0x110000 else ""
    return text if text and text.isprintable() and not text.isspace() else match[0]


def _local(value: str) -> str | None:
    value = value.strip().strip("<>\"'").strip()
    if not value or len(value) > 254 or not value.isprintable() or re.search(r"[\s<>,;|/()\[\]\\\"]", value):
        return None
    return value if any(c.isalnum() for c in value) else None


def from_orcpt(value: str) -> str | None:
    """Return the address of an Original-Recipient field, decoded from xtext where that gives an address (RFC 3461, 4.2)."""
    _, address = from_field(value)
    if address and "+" in address:
        escapes = _ESCAPE.findall(address)
        # A "+tag" is no escape: xtext encodes only "+", "=" and what is not printable ASCII.
        if len(escapes) == address.count("+"):
            decoded = decode_xtext(address)
            if _WHOLE.match(decoded):
                return decoded
    return address


def without_links(text: str) -> str:
    """Return `text` without the links behind addresses that they lead to: ``a@b.example<mailto:a@b.example>``."""
    return _LINK.sub(r"\1", text) if "<mailto:" in text else text


def find_all(text: str) -> list[str]:
    """Return every address in `text`, in order, each once."""
    if "@" not in text:
        return []
    seen: dict[str, None] = {}
    for match in _ADDRESS.finditer(text):
        address = _visible(match[0].lstrip("'`").rstrip(_TRAILING))
        if address:
            seen.setdefault(address, None)
    return list(seen)


def domain(address: str | None) -> str:
    """Return the domain of `address` in lower case, or an empty text."""
    return address.rpartition("@")[2].lower() if address and "@" in address else ""
