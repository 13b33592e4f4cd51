"""Postfix: the notice above its status part, and reports of old releases that have nothing else.

A sample:

    This is the mail system at host mail.store.example.

    I'm sorry to have to inform you that your message could not
    be delivered to one or more recipients. It's attached below.

                       The mail system

    <ann@library.example> (expanded from <desk@library.example>): host
        mx.library.example[192.0.2.25] said: 550 5.1.1 <ann@library.example>: User
        unknown (in reply to RCPT TO command)

Source: Postfix, src/bounce/bounce_templates.c and bounce_notify_util.c; releases before 2.0, which have no status
part, and translated templates as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

# bounce_recipient_log() writes "<address> (expanded from <address>): text", folded at 79 columns with four spaces.
_RECIPIENT: Final = late(r"<([^<>]{1,320})>(?: ?\(expanded from ?<([^<>]{1,320})>\))?:(?: |$)(.*)")
_HOST: Final = late(r"(?:host|connect to|with|via) ?([A-Za-z0-9][A-Za-z0-9_.-]{0,253})\[([^\]]{1,80})\]")
_GREETING: Final = "refused to talk to me"
_DELAY: Final = (
    "this is a warning only",
    "it will be retried until",
    "will be retried for",
    "has not been delivered yet",
)
_SUCCESS: Final = late(
    r"(?P<relayed>delivery via |relayed)|(?P<expanded>alias expanded|expanded)|deliver(?:ed|able)", re.IGNORECASE
)
_SUCCESSFUL: Final = (
    "your message was successfully delivered to the destination(s)",
    "enclosed is the mail delivery report that you requested",
)


def read(message: Message) -> Reading | None:
    """Return the recipients that the notice lists, or None where it lists none."""
    notice = message.notice.lower()
    subject = (message.headers.get(b"subject") or "").lower()
    delayed = any(text in notice for text in _DELAY) or subject.startswith(("delayed mail", "postmaster warning"))
    successful = any(text in notice for text in _SUCCESSFUL) or subject.startswith("successful mail")
    found: dict[str, Evidence] = {}
    for text in _blocks(message.lines):
        match = _RECIPIENT.match(text)
        address = addresses.clean(match[1]) if match else None
        if match is None or address is None:
            continue
        said = match[3].strip()
        action = Action.DELAYED if delayed else Action.FAILED
        if successful:
            action = _success(said) or action
        found.setdefault(address.lower(), _evidence(address, match[2], said, action))
    return report("postfix", list(found.values())) if found else None


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """Yield each block that begins with an address in angle brackets, unfolded, as far as the returned message."""
    block: list[str] = []
    any_yet = False
    for line in lines:
        bare = line.strip()
        marked = any_yet and bare.lower().startswith(ORIGINAL_MARKS)
        opens = line.startswith("<")
        # Who wraps the notice again, or makes it HTML, takes the indentation away.
        if block and bare and not marked and (line[:1] in {" ", "\t"} or not opens or _same(block[0], line)):
            block.append(bare)
            continue
        if block:
            yield " ".join(block)
            block = []
        if marked:
            return
        if opens:
            block = [bare]
            any_yet = True
    if block:
        yield " ".join(block)


def _same(first: str, line: str) -> bool:
    """Return whether `line` opens with the address that `first` opens with: a server repeats it."""
    return line.partition(">")[0].lower() == first.partition(">")[0].lower()


def _evidence(address: str, original: str | None, said: str, action: Action) -> Evidence:
    host = _HOST.search(said)
    name = host[1].lower() if host and "." in host[1] else None
    return Evidence(
        address=address,
        original_address=addresses.clean(original) if original else None,
        action=action,
        diagnostic=said or None,
        remote_mta=name,
        host=name,
        # The greeting itself was a refusal, which no command had provoked.
        stage=smtp.find_stage(said) or (Stage.CONNECT if _GREETING in said else None),
        format="postfix",
    )


def _success(said: str) -> Action | None:
    match = _SUCCESS.match(said)
    if match is None:
        return None
    if match["relayed"]:
        return Action.RELAYED
    return Action.EXPANDED if match["expanded"] else Action.DELIVERED


FORMAT: Final = Format(
    "postfix",
    (
        Fingerprint(
            phrases=(
                "this is the mail system at host",
                "this is the ... program at host ... sorry to have to inform you",
                "sorry to have to inform you that the message returned below could not be delivered",
                "sorry to have to inform you that your message could not be delivered to one or more",
            )
        ),
        Fingerprint(
            subjects=(
                "undelivered mail returned to sender",
                "delayed mail (still being retried)",
                "successful mail delivery report",
                "mail delivery status report",
            ),
            senders=("mailer-daemon", "(mail delivery system)"),
        ),
    ),
    read=read,
)
