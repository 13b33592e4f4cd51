"""Mail.ru, whose Exim reports in Russian and then once more in English.

A sample:

    Это письмо создано автоматически сервером Mail.Ru, отвечать на него не нужно.

    К сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:

      ann@library.example
        SMTP error from remote mail server after RCPT TO:<ann@library.example>:
        host mx.library.example [192.0.2.25]: 550 5.1.1 User unknown

    Рекомендуем Вам проверить корректность указания адресов получателей.

    **********************

    This message was created automatically by mail delivery software.

Source: reports of mail.ru as seen in public test data.
"""  # noqa: RUF002 - Russian

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, read_lines, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    opens=("одному или нескольким получателям", "following address(es) failed", "has not yet been delivered"),
    recipient=r"^ {1,3}<?(?P<address>[^\s<>]{1,254}@[^\s<>:]{1,254})>?:?\s*$",
    closes=("рекомендуем", "*****", "------ ", "this message was created", "no action is required"),
)
_HOST: Final = late(r"\bhost ([A-Za-z0-9][A-Za-z0-9_.-]{0,253}) \[[0-9A-Fa-f:.]{2,60}\]")
_LOCAL: Final = late(
    r"(?:message was not accepted[^\n]{0,200}\n\s{0,20})?local mailbox (\S{1,320}) is unavailable:[^\n]{0,400}",
    re.IGNORECASE,
)
_DELAYED: Final = late(r"has not yet been delivered", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the addresses of the Russian list (or the English one) or the mailbox refused, or None."""
    found = read_lines(_LAYOUT, message.lines)
    if found:
        action = Action.DELAYED if _DELAYED.search(message.notice) else Action.FAILED
        return report("mailru", [_evidence(action, **facts) for facts in found])
    local = _LOCAL.search(message.notice)
    address = addresses.clean(local[1]) if local else None
    if not local or not address:
        return None
    said = " ".join(local[0].split())
    evidence = Evidence(
        address=address, action=Action.FAILED, diagnostic=said, refused=Refused.AFTER_ACCEPTANCE, format="mailru"
    )
    return report("mailru", [evidence])


def _evidence(action: Action, address: str, diagnostic: str | None = None, **_: Any) -> Evidence:  # noqa: ANN401 - the facts of a layout
    named = _HOST.search(diagnostic or "")
    host = smtp.host_name(named[1]) if named else None
    return Evidence(
        address=address,
        action=action,
        diagnostic=diagnostic,
        remote_mta=host,
        host=host,
        refused=refusal(diagnostic or "", host),
        format="mailru",
    )


FORMAT: Final = Format(
    "mailru",
    (
        Fingerprint(
            phrases=(
                "это письмо создано автоматически сервером mail.ru",
                "сожалению ваше письмо не может быть доставлено одному",
            )
        ),
        Fingerprint(
            senders=("mailer-daemon@corp.mail.ru", "mailer-daemon@mail.ru"),
            topics=("mail failure",),
        ),
    ),
    read=read,
)
