"""The formats, one small file per writer of reports; `load_catalogue` returns them in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bouncelib.format import Format

ORDER: Final = (
    "rfc3464",
    "notices",
    "ticket",
    # Providers and gateways: some quote or copy the words of the mail servers below.
    "zonemta",
    "googlegroups",
    "gmail",
    "yahoo",
    "mailru",
    "einsundeins",
    "zoho",
    "mxlogic",
    "messagelabs",
    "mimecast",
    "ironport",
    "amazonses",
    "sendgrid",
    "interscan",
    "mailmarshal",
    "mailfoundry",
    "surfcontrol",
    "activehunter",
    "mfilter",
    "netscape",
    "ezweb",
    "kddi",
    "verizon",
    "qq",
    "aol",
    "pec",
    "fml",
    "mailman",
    "mlmmj",
    "full_details",
    "technical_details",
    "delivery_step",
    "minor",
    "postfix",
    "sendmail",
    "sendmail5",
    "exim",
    "haraka",
    "slimta",
    # It greets as qmail does.
    "james",
    "qmail",
    "courier",
    "opensmtpd",
    "dragonfly",
    "amavis",
    "office365",
    "exchange2007",
    "exchange55",
    "hmailserver",
    "mailenable",
    "exchange2003",
    "outlook",
    # Its subject may be the same as that of the next.
    "notes",
    "domino",
    "groupwise",
    "messagingserver",
    "imail",
    "mdaemon",
    "listserv",
    "dovecot",
    "mailutils",
    "mdn",
    "arf",
    "feedback",
    "challenge",
    "list_command",
    "auto_reply",
    "session",
    "generic",
    "flufl",
)
"""Authoritative before specific before generic: of two formats that read a message, the earlier one decides."""


class _Catalogue:
    """A lazy handle on the formats that come with the package."""

    def __repr__(self) -> str:
        return "CATALOGUE"

    def __iter__(self) -> Iterator[Format]:
        for name in ORDER:
            module = import_module(f"bouncelib.formats.{name}")
            yield from getattr(module, "FORMATS", None) or (module.FORMAT,)


CATALOGUE: Final = _Catalogue()
"""The formats that come with the package; none is imported before this is iterated."""
