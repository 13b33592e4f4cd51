"""Oracle (Sun, iPlanet) Messaging Server, and PMDF before it.

A sample:

    This report relates to a message you sent with the following header fields:

      Message-id: <1@store.example>
      To: staff@library.example

    Your message cannot be delivered to the following recipients:

      Recipient address: ann@mail.library.example
      Original address: staff@library.example
      Reason: Remote SMTP server has rejected address
      Diagnostic code: smtp;550 5.1.1 <ann@mail.library.example>... User unknown
      Remote system: dns;mx.library.example (TCP|192.0.2.1|4000|192.0.2.25|25)

Source: seen in public test data (PMDF 5.2, Sun ONE 6.1, Oracle Communications 7 and 8).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.notice import tells_delay
from bouncelib.patterns import late
from bouncelib.signs import fold

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_FIELD: Final = late(
    r"^\s{0,8}(recipient address|original address|reason|diagnostic code|remote system)\s?:\s*(.{0,4000})$",
    re.IGNORECASE,
)
_SUBJECTS: Final = (
    ("delivered", Action.DELIVERED),
    ("successful", Action.DELIVERED),
    ("relayed", Action.RELAYED),
    ("delayed", Action.DELAYED),
)
_WARNING: Final = "delivery warning"
_CLOSES: Final = (*ORIGINAL_MARKS, "original-envelope-id:", "reporting-mta:")


def read(message: Message) -> Reading | None:
    """Return the recipients with what is said of each, or None where there are none."""
    found: list[dict[str, Any]] = []
    last = ""
    arrived = False
    for line in message.lines:
        bare = line.strip()
        if bare.endswith("following recipients:"):
            arrived = "successfully" in bare
        match = _FIELD.match(line)
        if match:
            last = match[1].lower()
            if last == "recipient address":
                found.append({"arrived": arrived})
            if found:
                found[-1].setdefault(last, match[2].strip())
        elif found and bare:
            if bare.lower().startswith(_CLOSES):
                break
            if bare.startswith(("%", "-")):
                # VMS says why in its own form.
                last = "reason"
                found[-1][last] = f"{found[-1].get(last, '')} {bare}".strip()
            elif line[:4].isspace() and last:
                found[-1][last] = f"{found[-1][last]} {bare}".strip()
        else:
            last = ""
    subject = (message.headers.get(b"subject") or "").lower()
    action = Action.FAILED
    if "fail" not in subject and "abort" not in subject:
        action = next((action for word, action in _SUBJECTS if word in subject), Action.FAILED)
        if action is Action.FAILED and _WARNING in subject and tells_delay(fold(message.notice)):
            action = Action.DELAYED
    recipients = [evidence for evidence in (_evidence(facts, action) for facts in found) if evidence]
    return report("messagingserver", recipients) if recipients else None


def _evidence(facts: dict[str, Any], action: Action) -> Evidence | None:
    address = addresses.clean(facts["recipient address"])
    if address is None:
        return None
    original = facts.get("original address")
    kind, semicolon, said = facts.get("diagnostic code", "").partition(";")
    remote = facts.get("remote system", "").partition(";")[2]
    host = smtp.host_name(remote) if remote else None
    text = said.strip() if semicolon else facts.get("reason", "")
    return Evidence(
        address=address,
        original_address=addresses.clean(original) if original else None,
        action=Action.DELIVERED if facts["arrived"] else action,
        diagnostic=text or None,
        diagnostic_type=kind.strip().lower() if semicolon else None,
        remote_mta=host,
        host=host,
        refused=refusal(text, host),
        format="messagingserver",
    )


FORMAT: Final = Format(
    "messagingserver",
    (
        Fingerprint(
            phrases=(
                "this report relates to a message you sent with the following header fields",
                "recipients recipient address",
            ),
        ),
    ),
    read=read,
)
