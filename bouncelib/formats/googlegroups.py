"""Google Groups: a group that does not exist, or that this sender may not post to.

A sample:

    Hello bob@store.example,

    We're writing to let you know that the group you tried to contact (reading-circle)
    may not exist, or you may not have permission to post messages to the group.
    A few more details on why you weren't able to post:

     * You might have spelled or formatted the group name incorrectly.
     * The owner of the group may have removed this group.

    Thanks,

    Google Groups

Source: https://support.google.com/groups/answer/46608 and reports as they are quoted in its help forum. The address
stands in the header X-Failed-Recipients; the notice has but the name of the group, and the sender's address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_GROUP: Final = late(r"the group you tried to contact \(([^()\s]{1,254})\)", re.IGNORECASE)
_ENDS: Final = late(r"if you have questions|thanks,|visit the help", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the group, or None where the notice is not about one."""
    text = " ".join(message.notice.split())
    match = _GROUP.search(text)
    if not match:
        return None
    failed = message.headers.get(b"x-failed-recipients")
    named = addresses.find_all(failed) if failed else []
    if not named:
        # The name of the group is the local part of its address.
        whole = addresses.clean(match[1]) if "@" in match[1] else None
        named = (
            [whole]
            if whole
            else [one for one in returned_to(message) if one.lower().startswith(f"{match[1].lower()}@")]
        )
    if not named:
        return None
    end = _ENDS.search(text, match.end())
    said = text[match.start() : end.start() if end else None].strip()
    return report(
        "googlegroups",
        [
            Evidence(
                address=address,
                action=Action.FAILED,
                diagnostic=said,
                refused=Refused.AFTER_ACCEPTANCE,
                format="googlegroups",
            )
            for address in named
        ],
    )


FORMAT: Final = Format("googlegroups", (Fingerprint(phrases=("the group you tried to contact",)),), read=read)
