"""VERP, variable envelope return paths: the recipient's address stands in the sender's local part.

A template says where: `{prefix}+{local}={domain}@{host}` makes `list-bounces+ann=library.example@store.example` of the
sender `list-bounces@store.example` and the recipient `ann@library.example`. VERP is not signed: anyone can write such
an address. Sign it too (see `sign_batv()`) where it is to prove something.
"""

from __future__ import annotations

import re
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from bouncelib.returnpath.parts import bare, is_domain, join_address, split_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FLAGS = re.ASCII | re.IGNORECASE
# `{tag:x}`: what a kind of field may hold.
_KINDS: Final = MappingProxyType({"d": "[0-9]+", "x": "[0-9A-Fa-f]+"})
_RESERVED: Final = frozenset({"prefix", "local", "domain", "host"})
# Mail::Verp writes these as + and two hexadecimal digits, so that its separator stands nowhere else.
_TO_ESCAPE = re.compile(r"[+@:%!\[\]-]")
_ESCAPE = re.compile(r"\+(2B|40|3A|25|21|2D|5B|5D)", _FLAGS)
# BATV and SRS are other tags. VERP may stand under them, and shows once they have been taken off.
_OTHER_TAG = re.compile(r'"?(?:prvs=|SRS[01][=+-])', _FLAGS)
# Where `-` both separates and belongs to names, a prefix of one of these forms is the sender (RFC 3834, section 2).
_SENDER_LIKE = re.compile(r"owner-.+|(?:.+-)?bounces?|.+-(?:owner|request|return)", _FLAGS)


@attrs.frozen
class Verp:
    """An address that was read as VERP.

    `recipient` is the address that the message was sent to, None where the template holds a token and no address;
    `sender` is the address that the return path was made from, None where the template holds no {prefix}; `template`
    is the template's name; `fields` are its other fields with their texts, in order. `alternatives` are recipients
    that the address may mean as well, where the separator is also part of names and the sender was not given.
    """

    recipient: str | None
    sender: str | None
    template: str
    fields: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[str, ...] = ()


@attrs.frozen
class _Shape:
    """A template taken apart: local part = texts[0] names[0] texts[1] names[1] ... texts[-1]."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    # What each field of the user's own may hold.
    own: Mapping[str, str]
    # The local part, without {prefix} and the text behind it, as regular expressions: the likeliest reading first.
    rests: tuple[str, ...]
    # None for {host}.
    host: str | None

    @property
    def prefixed(self) -> bool:
        return self.names[0] == "prefix"


@attrs.frozen
class VerpTemplate:
    """How a VERP address is written: `{prefix}+{local}={domain}@{host}`.

    `{local}` and `{domain}` are the recipient's, `{prefix}` and `{host}` the sender's; in place of these two, fixed
    text can stand. Other fields have names of your own: `{campaign}` is any text without the delimiter that follows,
    `{number:d}` digits, `{tag:x}` hexadecimal digits. Instead of local and domain, a field such as `{token}` can
    stand, for senders who look the recipient up. `escaped` is for Mail::Verp, which writes `+@:%!-[]` in the
    recipient's address as `+` and two hexadecimal digits.

    Raises:
        ValueError: the template cannot be used; the text says why.
    """

    pattern: str
    name: str = "own"
    escaped: bool = False
    _shape: _Shape = attrs.field(init=False, eq=False, repr=False)

    @_shape.default
    def _take_apart(self) -> _Shape:
        return _shape(self.pattern, escaped=self.escaped)


def _shape(pattern: str, *, escaped: bool) -> _Shape:
    left, at, host = pattern.rpartition("@")
    if not at or (host != "{host}" and not is_domain(host)):
        raise _unusable(pattern, "it must end in @{host}, or in @ and a domain")
    texts, kinds = _pieces(pattern, left)
    names = list(kinds)
    if "host" in names or "prefix" in names[1:]:
        raise _unusable(pattern, "{prefix} comes before all other fields, and {host} behind the @ only")
    if ("local" in names) is not ("domain" in names) or not set(names) - {"prefix"}:
        raise _unusable(pattern, "it needs {local} and {domain}, or a field such as {token}")
    if not all(texts[1:-1]):
        raise _unusable(pattern, "two fields stand side by side, and nothing tells where one ends")

    holds = {
        "local": r"[^@:%!\[\]-]+" if escaped else ".+",
        "domain": r"[^=@:%!\[\]-]+" if escaped else "[^=+]+",
    }
    own: dict[str, str] = {}
    rest = ""
    for name, before, after in zip(names, texts, texts[1:], strict=False):
        if name == "prefix":
            continue
        if name not in holds:
            # `=` is what marks an address: a last field that may hold it would take every address for a token.
            free = f"(?:(?!{re.escape(after)})[^@])+" if after else "[^@=]+"
            own[name] = holds[name] = _KINDS.get(kinds[name], free)
        rest += ("" if not rest and names[0] == "prefix" else re.escape(before)) + f"(?P<{name}>{holds[name]})"
    rest += re.escape(texts[-1])
    rests = [rest]
    if "domain" in names and texts[names.index("domain")].endswith("-"):
        # A domain may hold `-`: the last one decides, and the first one is the other possibility.
        rests.append(rest.replace("(?P<local>.+)", "(?P<local>.+?)"))
    return _Shape(tuple(texts), tuple(names), MappingProxyType(own), tuple(rests), None if host == "{host}" else host)


def _pieces(pattern: str, left: str) -> tuple[list[str], dict[str, str]]:
    """The fixed texts of a template, always one more than there are fields, and the fields with their kinds."""
    try:
        pieces = list(Formatter().parse(left))
    except ValueError as error:
        raise _unusable(pattern, str(error)) from error
    texts = [text for text, _, _, _ in pieces]
    fields = [(name, kind or "", conversion) for _, name, kind, conversion in pieces if name is not None]
    if any("{" in text or "}" in text for text in texts):
        raise _unusable(pattern, "fixed text holds no braces")
    if any(not name.isidentifier() or conversion for name, _, conversion in fields):
        raise _unusable(pattern, "a field is a name in braces, such as {token}")
    if any(kind and (kind not in _KINDS or name in _RESERVED) for name, kind, _ in fields):
        raise _unusable(pattern, "behind a colon stands d for digits or x for hexadecimal digits, in your own fields")
    kinds = {name: kind for name, kind, _ in fields}
    if len(kinds) < len(fields):
        raise _unusable(pattern, "a field stands in it twice")
    return (texts if len(texts) > len(fields) else [*texts, ""]), kinds


def _unusable(pattern: str, why: str) -> ValueError:
    return ValueError(f"VERP template {pattern!r}: {why}")


def _named(*templates: VerpTemplate) -> Mapping[str, VerpTemplate]:
    return MappingProxyType({template.name: template for template in templates})


#: The forms in use, by name. `postfix` is the form of its default delimiters, `qmail` also takes qmail's own way to
#: ask for VERP (a sender that ends in `-@[]`); `mailman-confirm` and `mailman-probe` hold a token and no address.
VERP_TEMPLATES: Final[Mapping[str, VerpTemplate]] = _named(
    VerpTemplate("{prefix}+{local}={domain}@{host}", "mailman"),
    VerpTemplate("{prefix}-{local}={domain}@{host}", "mailman-minus"),
    VerpTemplate("{prefix}-confirm+{token}@{host}", "mailman-confirm"),
    VerpTemplate("{prefix}-bounces+{token}@{host}", "mailman-probe"),
    VerpTemplate("{prefix}-return-{number:d}-{local}={domain}@{host}", "ezmlm"),
    VerpTemplate("{prefix}-{local}={domain}@{host}", "qmail"),
    VerpTemplate("{prefix}+{local}={domain}@{host}", "postfix"),
    VerpTemplate("{prefix}+{local}==a=={domain}=={list}@{host}", "sympa"),
    VerpTemplate("bounces+{account:d}-{tag}-{local}={domain}@{host}", "sendgrid"),
    VerpTemplate("{prefix}-{local}={domain}@{host}", "mail-verp", escaped=True),
)
# What an address of unknown form is tried as: forms that nothing else looks like, then those that share their marks.
_UNMISTAKABLE: Final = ("sympa", "ezmlm", "sendgrid")
_COMMON: Final = ("mail-verp", "mailman", "mailman-minus")


def make_verp(
    recipient: str, sender: str = "", template: str | VerpTemplate = "mailman", **fields: str | int
) -> str | None:
    """The return path for a message from `sender` to `recipient`; `fields` fills the template's other fields.

    `template` is a name in `VERP_TEMPLATES` or a template of your own (its text, or a `VerpTemplate`). `sender` may be
    left out where the template names neither {prefix} nor {host}; with the template `qmail` it may be written as
    qmail has it, `list-@store.example-@[]`.
    None where an address is none, or where the result could not be read back.

    Raises:
        ValueError: an unknown or unusable template; a field that is missing, unknown or holds what it must not.
    """
    template = _template(template)
    shape = template._shape  # noqa: SLF001 - one module, two halves
    texts = {name: str(value) for name, value in fields.items()}
    if texts.keys() != shape.own.keys():
        raise ValueError(
            f"VERP template {template.pattern!r} takes the fields {sorted(shape.own)}: not {sorted(texts)}"
        )
    for name, value in texts.items():
        if not re.fullmatch(shape.own[name], value):
            raise ValueError(f"VERP template {template.pattern!r}: {{{name}}} cannot be {value!r}")

    if template.name == "qmail" and sender.endswith("-@[]"):
        local, at, domain = sender.removesuffix("-@[]").rpartition("@")
        sender = local.removesuffix("-") + at + domain
    to, from_ = split_address(recipient), split_address(sender)
    if to is None or (from_ is None and (shape.prefixed or shape.host is None)):
        return None
    texts |= {"local": to[0], "domain": to[1], "prefix": from_[0] if from_ else ""}
    if template.escaped:
        for name in ("local", "domain"):
            texts[name] = _TO_ESCAPE.sub(lambda found: f"+{ord(found[0]):02X}", texts[name])
    filled = "".join(text + texts[name] for text, name in zip(shape.texts, shape.names, strict=False))
    made = join_address(filled + shape.texts[-1], shape.host or (from_[1] if from_ else ""))
    # Whoever chooses delimiters that stand in names can make what nobody reads back: better none than a wrong one.
    again = read_verp(made, template, sender=sender if from_ else None)
    expected = join_address(*to) if "local" in shape.names else None
    return made if again is not None and again.recipient == expected else None


def read_verp(address: str, template: str | VerpTemplate | None = None, *, sender: str | None = None) -> Verp | None:
    """The recipient that a VERP address holds; None where the address is not written in this way.

    Addresses are read from the right: the last delimiter before the domain decides, so that local parts keep `=`, `+`
    and `-`. Without a template, the well-known forms are tried, and the recipient's domain must have a dot. Where
    `sender` is given, only return paths of that address are read, exactly and in any case of letters; without it,
    a prefix ends at the first `+`, and where `-` delimits, at a word such as `bounces`, `owner` or `return`, else at
    the first `-`: then see `Verp.alternatives`. BATV and SRS addresses give None: take those tags off first.

    Raises:
        ValueError: an unknown or unusable template.
    """
    given = None if template is None else _template(template)
    parts = split_address(address)
    known = split_address(sender) if sender is not None else None
    if parts is None or _OTHER_TAG.match(bare(address)) or (sender is not None and known is None):
        return None
    if given is not None:
        found = _readings(parts, given, known)
        return _best(found, given) if found else None
    for name in _UNMISTAKABLE:
        if found := [one for one in _readings(parts, VERP_TEMPLATES[name], known) if _dotted(one)]:
            return _best(found, VERP_TEMPLATES[name])
    common = {
        name: [one for one in _readings(parts, VERP_TEMPLATES[name], known) if _dotted(one)]
        for name in _COMMON
        if name != "mail-verp" or _ESCAPE.search(parts[0])
    }
    for name, found in common.items():
        if found and (known or _SENDER_LIKE.fullmatch(found[0]["prefix"])):
            return _best(found, VERP_TEMPLATES[name])
    for name, found in common.items():
        # A `-` alone is a weak sign: with a `+` there too, that is the delimiter, or the other possibility at best.
        if found and (name != "mailman-minus" or "+" not in parts[0]):
            return _best([*found, *(one for others in common.values() for one in others)], VERP_TEMPLATES[name])
    return None


def _template(template: str | VerpTemplate) -> VerpTemplate:
    if isinstance(template, VerpTemplate):
        return template
    if named := VERP_TEMPLATES.get(template):
        return named
    if "{" not in template:
        raise ValueError(f"no VERP template is named {template!r}; there are {', '.join(VERP_TEMPLATES)}")
    return VerpTemplate(template)


def _readings(parts: tuple[str, str], template: VerpTemplate, known: tuple[str, str] | None) -> list[dict[str, str]]:
    """Every way to read the address by this template, the likeliest first."""
    local, host = parts
    shape = template._shape  # noqa: SLF001
    ours = shape.host or (known[1] if known else host)
    if ours.lower() != host.lower():
        return []
    readings = []
    for prefix, rest in _splits(local, template, known):
        for pattern in shape.rests:
            if match := re.fullmatch(pattern, rest, _FLAGS):
                texts = match.groupdict() | {"prefix": prefix, "host": host}
                if template.escaped:
                    for name in ("local", "domain"):
                        texts[name] = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), texts[name])
                if is_domain(texts.get("domain", "x")):
                    readings.append(texts)
    readings.sort(key=lambda texts: not _SENDER_LIKE.fullmatch(texts["prefix"]))
    return readings


def _splits(local: str, template: VerpTemplate, known: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    """The prefix and the rest of a local part: in one way if the sender is known, else in all that are likely."""
    shape = template._shape  # noqa: SLF001
    if not shape.prefixed:
        yield "", local
        return
    head, behind = map(re.escape, shape.texts[:2])
    if known:
        if match := re.match(f"{head}({re.escape(known[0])}){behind}", local, _FLAGS):
            yield match[1], local[match.end() :]
        return
    for match in re.finditer(f"(?={behind})", local, _FLAGS):
        prefix, rest = local[: match.start()], local[match.start() + len(shape.texts[1]) :]
        if opening := re.match(f"{head}(?=.)", prefix, _FLAGS):
            prefix = prefix[opening.end() :]
            if "+" not in prefix:
                yield prefix, rest
        if opening and not shape.texts[1].startswith("-"):
            # Names hold `-` everywhere, other delimiters hardly ever: the first one ends the prefix (as in Mailman).
            return


def _best(readings: list[dict[str, str]], template: VerpTemplate) -> Verp:
    best = readings[0]
    recipients = [join_address(one["local"], one["domain"]) for one in readings if "local" in one]
    shape = template._shape  # noqa: SLF001
    return Verp(
        recipient=recipients[0] if recipients else None,
        sender=join_address(best["prefix"], best["host"]) if shape.prefixed else None,
        template=template.name,
        fields=tuple((name, best[name]) for name in shape.own),
        alternatives=tuple(dict.fromkeys(one for one in recipients[1:] if one != recipients[0])),
    )


def _dotted(texts: dict[str, str]) -> bool:
    return "." in texts["domain"].strip(".") or texts["domain"].startswith("[")
