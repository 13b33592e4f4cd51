"""m-FILTER of Digital Arts, a mail filter of Japan.

A sample:

    このメールは「m-FILTER」が自動的に生成して送信しています。
    メールサーバーとの通信中、下記の理由により
    このメールは送信できませんでした。

    以下のメールアドレスへの送信に失敗しました。
    ann@library.example

    -------server message
    550 5.1.1 <ann@library.example>... User unknown

    -------SMTP command
    RCPT TO

    -------original mail info

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_HEAD: Final = late(r"-{4,20} ?(server message|smtp command|original mail info|original mail)", re.IGNORECASE)
_ALONE: Final = late(r"\s{0,20}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*")


def read(message: Message) -> Reading | None:
    """Return the recipients above the server's message, or None where there is none."""
    sections: dict[str, list[str]] = {"": []}
    lines = sections[""]
    for line in message.lines:
        head = _HEAD.match(line.strip())
        if head:
            lines = sections.setdefault(head[1].lower(), [])
            if head[1].lower().startswith("original"):
                break
        elif line.strip():
            lines.append(line.strip())
    if "server message" not in sections:
        return None
    alone = [match[1] for line in sections[""] if (match := _ALONE.fullmatch(line))]
    named = list(dict.fromkeys(address for one in alone if (address := addresses.clean(one))))
    text = " ".join(sections["server message"])
    command = " ".join(sections.get("smtp command", ()))
    return (
        report(
            "mfilter",
            [failure("mfilter", address, text, stage=smtp.command_stage(command), remote=True) for address in named],
        )
        if named
        else None
    )


FORMAT: Final = Format(
    "mfilter",
    (
        Fingerprint(
            phrases=(
                "メールサーバーとの通信中、下記の理由により",
                "server message ... smtp command ... original mail info",
            )
        ),
    ),
    read=read,
)
