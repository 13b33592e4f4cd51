"""fml, a mailing list manager of Japan: a post that it does not let through.

A sample:

    You are not a member of this mailing list <readers@library.example>.

    Original mail as follows:

Source: fml 4, as its notices are quoted in public test data and manuals (https://www.fml.org/). They carry
the header X-MLServer and come from the list's own -admin address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LIST: Final = late(r"<([^<>\s@]{1,64}@[^<>\s]{1,255})>")
_CLOSES: Final = late(r"original mail as follows", re.IGNORECASE)
_REJECTED: Final = late(
    r"not (?:a )?member|rejected|reject mail|ignored|loop|duplicated message-id|security alert|not permitted",
    re.IGNORECASE,
)


def read(message: Message) -> Reading | None:
    """Return the list that did not take the post, or None where the notice is of another kind."""
    sender = addresses.clean(message.headers.get(b"from") or "")
    local = (sender or "").rpartition("@")[0]
    said: list[str] = []
    for line in message.lines:
        if _CLOSES.search(line):
            break
        if line.strip():
            said.append(line.strip())
    text = " ".join(said)
    subject = message.headers.get(b"subject") or ""
    if not local.lower().endswith("-admin") or not _REJECTED.search(f"{subject} {text}"):
        return None
    match = _LIST.search(text)
    # Only the list's own address, never that of the member who wrote. It may be in another domain than its keeper's.
    if not match or match[1].lower().partition("@")[0] != local.lower().removesuffix("-admin"):
        return None
    return report(
        "fml",
        [
            Evidence(
                address=match[1], action=Action.FAILED, diagnostic=text, refused=Refused.AFTER_ACCEPTANCE, format="fml"
            )
        ],
    )


FORMAT: Final = Format("fml", (Fingerprint(headers=("x-mlserver",)),), read=read)
