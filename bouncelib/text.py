"""Bytes to text: charsets, encoded words, parameters, HTML.

This module knows encodings, not messages: it is given a value or a body and returns text. It is the only home of chardet,
which is asked last and imported when first needed.
"""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache
from typing import Final

from bouncelib.patterns import late

# Text encodings of Python that no mail is written in and that a hostile label could misuse.
_NEVER: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
# What these make of ASCII bytes is not ASCII text.
_NOT_ASCII: Final = frozenset({"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_ISO_2022: Final = late(rb"\x1b[$(]")
# Controls, the line breaks of Unicode, and halves of characters, which no output can encode.
_CONTROL: Final = late(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_CONTROL_OR_BREAK: Final = late(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# What shows nothing and joins nothing: spaces without width, soft hyphens, marks of a byte order in the midst.
_INVISIBLE: Final = late("[\u00ad\u200b\u2060\ufeff]+")
_C0: Final = bytes(c for c in range(128) if (c < 32 and c not in {9, 10, 13}) or c == 127)
_NOT_BASE64: Final = bytes(c for c in range(256) if not (c < 128 and chr(c).isalnum()) and c not in b"+/")
_ENCODED_WORD: Final = late(r"=\?[^?\s]{1,64}\?([bqBQ])\?([^?\n]{0,4096})\?=")
# Words of one charset, with nothing between them.
_ENCODED_WORDS: Final = late(
    r"=\?([^?\s]{1,64})\?[bq]\?[^?\n]{0,4096}\?=(?:=\?\1\?[bq]\?[^?\n]{0,4096}\?=)*", re.IGNORECASE
)
_BETWEEN_WORDS: Final = late(r"(?<=\?=)\s+(?==\?[^?\s]{1,64}\?[bqBQ]\?)")
_BLOCK_TAGS: Final = frozenset(
    {
        "br",
        "p",
        "div",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "title",
        "pre",
        "blockquote",
        "dt",
        "dd",
    }
)
_BREAK: Final = late(r"<(?:br|p|div|tr|li)\b", re.IGNORECASE)
# Runs are looked at once, from their start.
_SOURCE_BREAK: Final = late(r"(?<![ \t\r\n])[ \t\r]*\n[ \t\r\n]*|(?<=[ \t])\n[ \t\r\n]*")
_CHARDET_BYTES: Final = 1024
_ASCII: Final = bytes(range(128))
_KANA: Final = late("[\u3041-\u3096\u30a1-\u30fc]")
# A guess from fewer bytes is as good as any, and Western European text has one such letter in a notice.
_TOO_FEW: Final = 4
# As few in a whole notice, each alone among ASCII, are the accents of a Western language.
_FEW: Final = 10
_NEIGHBOURS: Final = late(rb"[\x80-\xff]{2}")
_WHOLE_TO_BROKEN: Final = 4
# GB 2312 (EUC-CN): the first bytes of its common characters, and those among them that no Korean syllable begins with.
_COMMON: Final = bytes(range(0xB0, 0xD8))
_NOT_KOREAN: Final = bytes(range(0xC9, 0xD8))


@lru_cache(maxsize=64)
def charset(label: str | None) -> str | None:
    """Return Python's name of the charset `label`, or None where it is none that text comes in."""
    if not label:
        return None
    try:
        info = codecs.lookup(label.strip().strip("\"'").strip())
    except (LookupError, ValueError):
        return None
    # Of Python's codecs only those of text have this flag.
    if info.name in _NEVER or not info._is_text_encoding:  # noqa: SLF001 - no public name for it
        return None
    return info.name


def decode(raw: bytes, label: str | None = None, *, guess: bool = True) -> str:
    """Return `raw` as text: in the declared charset, else UTF-8, else what chardet guesses, else Latin-1; never raises.

    Without `guess`, chardet is not asked.
    """
    if raw.isascii() and b"\x1b" not in raw:
        if label is None or charset(label) not in _NOT_ASCII:
            return raw.decode("ascii")
    elif _ISO_2022.search(raw) and not (label or "").lower().startswith("iso-2022"):
        label = "iso-2022-jp"
    name = charset(label)
    if name and name != "ascii":
        try:
            return raw.decode(name)
        except UnicodeError:
            pass
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return _guess(raw, name) if guess else raw.decode("latin-1")


def _guess(raw: bytes, declared: str | None) -> str:
    if declared and declared != "ascii":
        text = raw.decode(declared, "replace")
        # Truncated or locally damaged text is still text in its charset.
        if text.count("\ufffd") * 20 <= len(text):
            return text
    # What is ASCII tells nothing, and guessing costs by the byte.
    telling = b"\n".join([line for line in raw.split(b"\n") if not line.isascii()])[:_CHARDET_BYTES]
    letters = telling.translate(None, _ASCII)
    if len(letters) < _TOO_FEW or (len(letters) < _FEW and _NEIGHBOURS.search(telling) is None):
        name: str | None = "cp1252"
    elif _is_damaged_utf8(letters):
        return raw.decode("utf-8", "replace")
    elif (name := _japanese(telling) or _chinese(telling, letters)) is None:
        from chardet import detect

        name = charset(detect(telling)["encoding"])
    try:
        return raw.decode(name or "latin-1")
    except UnicodeError:
        return raw.decode("latin-1")


def _japanese(telling: bytes) -> str | None:
    """Return the charset of Japanese in which `telling` is written, or None: its kana show, and to ask chardet costs much more."""
    for name in ("euc_jp", "cp932"):
        try:
            text = telling.decode(name)
        except UnicodeError:
            continue
        kana = len(_KANA.findall(text))
        if kana > _WHOLE_TO_BROKEN and kana * _WHOLE_TO_BROKEN > len(text) - text.count(" "):
            return name
    return None


def _chinese(telling: bytes, letters: bytes) -> str | None:
    """Return the charset of Chinese in which `telling` is written, whose bytes beyond ASCII are `letters`, or None: as above."""
    try:
        telling.decode("gb2312")
    except UnicodeError:
        return None
    first = letters[::2]
    rare = len(first.translate(None, _COMMON))
    telltale = len(first) - len(first.translate(None, _NOT_KOREAN))
    return "gb18030" if rare * _WHOLE_TO_BROKEN < len(first) < telltale * _WHOLE_TO_BROKEN * 2 else None


def _is_damaged_utf8(letters: bytes) -> bool:
    """Return whether `letters`, which are no ASCII, are UTF-8 but for a few: encoded words are cut within a character."""
    text = letters.decode("utf-8", "replace")
    return text.count("\ufffd") * _WHOLE_TO_BROKEN <= len(text)


def visible(text: str) -> str:
    """Return `text` with a space for each control character but tabs and line breaks, which are all LF."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        raw = text.encode("ascii")
        return text if len(raw.translate(None, _C0)) == len(raw) else _CONTROL.sub(" ", text)
    return _CONTROL.sub(" ", _INVISIBLE.sub("", text))


def printable(text: str) -> str:
    """Return `text` on one line: control characters and line breaks become single spaces."""
    return " ".join(_CONTROL.sub(" ", _INVISIBLE.sub("", text)).split()) if not text.isprintable() else text.strip()


def decode_header(raw: bytes, *, guess: bool = True) -> str:
    """Return a header's value: unfolded, decoded from raw 8-bit and from encoded words (RFC 2047, in any case)."""
    text = decode(raw, guess=guess)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\n" in text:
        text = text.replace("\n ", " ").replace("\n\t", "\t")
    return printable(decode_words(text))


def decode_words(text: str) -> str:
    """Return `text` with its encoded words decoded (RFC 2047)."""
    if "=?" not in text:
        return text
    return _ENCODED_WORDS.sub(_decode_run, _BETWEEN_WORDS.sub("", text))


def _decode_run(match: re.Match[str]) -> str:
    # RFC 2047, section 5, has whole characters in each word; mail programs cut within one.
    raw = b"".join([_decode_word(encoding, text) for encoding, text in _ENCODED_WORD.findall(match[0])])
    # RFC 2231, section 5: a language may follow the charset.
    text = decode(raw, match[1].partition("*")[0])
    # A field is one line, whatever its words encode.
    return text if text.isprintable() else _CONTROL_OR_BREAK.sub(" ", text)


def _decode_word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return decode_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw.replace(b"_", b" "), header=True)


def decode_base64(raw: bytes) -> bytes:
    """Return what base64 `raw` holds, as far as it can be decoded."""
    raw = raw.translate(None, _NOT_BASE64)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return binascii.a2b_base64(raw[: len(raw) // 4 * 4])


def decode_transfer(raw: bytes, encoding: str) -> bytes:
    """Return `raw` freed of its Content-Transfer-Encoding (RFC 2045, section 6); an unknown one leaves it as it is."""
    encoding = encoding.lower()
    if "base64" in encoding:
        # Software declares base64 and then sends plain text.
        return raw if b": " in raw or b" " in raw.strip()[:76] else decode_base64(raw)
    if "quoted" in encoding:
        return binascii.a2b_qp(raw)
    return raw


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a structured header's `value`, with RFC 2231 continuations and charsets undone."""
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, text in _split_parameters(value):
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, text)
            continue
        encoded = rest == "" or rest.endswith("*")
        index = rest.rstrip("*")
        if index.isascii() and (index.isdigit() or not index) and len(index) < 4:
            pieces.setdefault(base, []).append((int(index or 0), encoded, text))
    for base, sections in pieces.items():
        plain[base] = _join_sections(sorted(sections))
    return plain


def _split_parameters(value: str) -> list[tuple[str, str]]:
    found = []
    end = len(value)
    at = value.find(";")
    while 0 <= at < end:
        equals = value.find("=", at)
        if equals < 0:
            break
        # A stray piece without "=" must not swallow the parameter after it.
        name = value[at + 1 : equals].rpartition(";")[2].strip().lower()
        start = equals + 1
        while start < end and value[start] in " \t":
            start += 1
        if start < end and value[start] == '"':
            text, at = _quoted(value, start + 1)
            at = value.find(";", at)
        else:
            at = value.find(";", start)
            text = (value[start:at] if at >= 0 else value[start:]).partition(" (")[0].strip()
        if name:
            found.append((name, text))
    return found


def _quoted(value: str, start: int) -> tuple[str, int]:
    close = value.find('"', start)
    if close < 0:
        return value[start:].strip(), len(value)
    if "\\" not in value[start:close]:
        return value[start:close], close + 1
    text = []
    at = start
    while at < len(value) and value[at] != '"':
        at += value[at] == "\\"
        text.append(value[at : at + 1])
        at += 1
    return "".join(text), at + 1


def _join_sections(sections: list[tuple[int, bool, str]]) -> str:
    from urllib.parse import unquote_to_bytes

    label = None
    raw = b""
    for number, (_, encoded, text) in enumerate(sections):
        if encoded and number == 0 and text.count("'") >= 2:
            label, _, text = text.split("'", 2)  # noqa: PLW2901 - what is left of the section
        raw += unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogateescape")
    return decode(raw, label)


def from_html(markup: str) -> str:
    """Return the text of HTML `markup`, a line a block; one pass, whatever the markup.

    The breaks of its source are spaces, as a browser has it, but in `pre` and where no tag breaks a line: that is plain text
    under a wrong name.
    """
    import html

    out = []
    skip = ""
    kept = _BREAK.search(markup) is None
    preformatted = 0
    pieces = markup.split("<")
    out.append(pieces[0])
    for piece in pieces[1:]:
        tag, close, text = piece.partition(">")
        name = tag.split(None, 1)[0].lower().rstrip("/") if tag and not tag[0].isspace() else ""
        if skip == "!--" or (not skip and piece.startswith("!--")):
            # What a comment holds is not shown, tags and ">" included.
            end = piece.find("-->", 0 if skip else 1)
            skip = "" if end >= 0 else "!--"
            out.append(piece[end + 3 :] if end >= 0 else "")
            continue
        if skip:
            if name == "/" + skip:
                skip = ""
                out.append(text)
            continue
        if not close or not name or not (name[0].isalpha() or name[0] in "/!?") or ("@" in name and "=" not in tag):
            # No tag is called like an address: somebody forgot to escape it.
            out.append("<" + piece)
            continue
        if name in {"style", "script"}:
            skip = name
            continue
        if name.lstrip("/") in _BLOCK_TAGS:
            out.append("\n")
        elif name in {"td", "th"}:
            out.append(" ")
        if name.lstrip("/") == "pre":
            preformatted += 1 if name == "pre" else -1
            text = text.lstrip("\n")
        elif not kept and preformatted < 1 and "\n" in text:
            text = _SOURCE_BREAK.sub(" ", text)
            if name.lstrip("/") in _BLOCK_TAGS:
                # A line that has just begun opens with no space.
                text = text.lstrip(" ")
        out.append(text)
    return html.unescape("".join(out)).replace("\xa0", " ")
