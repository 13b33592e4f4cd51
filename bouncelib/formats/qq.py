"""QQ Mail and Tencent's exmail.

A sample:

    抱歉，您的邮件被退回来了……

    原邮件信息：
    时间 2026-11-23 17:00:00
    主题 Opening hours
    收件人 ann@library.example

    退信原因：
    收件人邮件地址（ann@library.example）不存在，邮件无法送达。
    host mx.library.example[192.0.2.25] said: 550 5.1.1 User unknown (in reply to RCPT TO command)

    建议解决方案：

Source: https://service.mail.qq.com/ (help pages on returned mail) and reports as they are quoted in public forums.
"""  # noqa: RUF002 - Chinese punctuation

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(
    r"收件人(?:邮件地址)?[\s:\uff1a(\uff08]{0,20}<?([\x21-\x7e]{1,254}@[A-Za-z0-9.-]{1,253})", re.IGNORECASE
)
_REASON: Final = late(r"退信原因[\s:：]{0,20}")  # noqa: RUF001
_ADVICE: Final = late(r"建议解决方案|解决方案[\s:：]|温馨提示|此外，您还可以|查看原邮件")  # noqa: RUF001


def read(message: Message) -> Reading | None:
    """Return the recipients, or None where the notice names none."""
    text = message.notice
    reason = _REASON.search(text)
    head, said = (text[: reason.start()], text[reason.end() :]) if reason else (text, "")
    advice = _ADVICE.search(said)
    said = " ".join(said[: advice.start() if advice else None].split())[:4000]
    named = _RECIPIENT.findall(head) or _RECIPIENT.findall(said)
    found = list(dict.fromkeys(address for one in named if (address := addresses.clean(one))))
    if not found:
        return None
    host = smtp.find_host(said)
    return report(
        "qq",
        [
            Evidence(
                address=address,
                action=Action.FAILED,
                diagnostic=said or None,
                remote_mta=host,
                refused=refusal(said, host),
                format="qq",
            )
            for address in found
        ],
    )


FORMAT: Final = Format("qq", (Fingerprint(phrases=("抱歉，您的邮件被退回来了",)),), read=read)  # noqa: RUF001
