"""Delivery lines in the logs of mail servers: what was said of a recipient before any bounce was written.

Most refusals never become a bounce that one sees: the own server heard them, and wrote one line. Read are the delivery lines
of Postfix, Sendmail and OpenSMTPD in the system's log, and of Exim in its main log (specification, chapter "Log files").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from bouncelib.model import Action


@frozen
class LogEntry:
    """One delivery, or one attempt at it, as a log line tells it."""

    address: str
    original_address: str | None
    action: Action
    status: str | None
    """The enhanced code of the line (RFC 3463)."""
    relay: str | None
    """The server that was talked to, or None where there was none."""
    text: str
    """What was said, as the log has it."""
    queue_id: str | None


_POSTFIX: Final = re.compile(
    r" postfix[^ \[]*\[\d+\]: (?P<queue>\w+): to=<(?P<to>[^>]*)>,(?: orig_to=<(?P<orig>[^>]*)>,)? relay=(?P<relay>[^,]+),"
    r"(?: [a-z_]+=[^,]*,)* dsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}), status=(?P<result>\w+)(?: \((?P<text>.*)\))?$"
)
_SENDMAIL: Final = re.compile(
    r" (?:sendmail|sm-mta|sm-msp-queue)\[\d+\]: (?P<queue>\w+): to=(?P<to>[^ ,]+),(?P<middle>(?: [a-z_]+=[^,]*,)*)"
    r" stat=(?P<text>.*)$"
)
_OPENSMTPD: Final = re.compile(
    r" smtpd\[\d+\]: (?P<queue>\w+) \w+ delivery (?P<middle>.*) result=\"?(?P<result>\w+)\"? stat=\"?(?P<text>.*?)\"?$"
)
_EXIM: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[+-]\d{4} )?(?:\[\d+\] )?)?"
    r"(?P<queue>[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (?P<flag>\*\*|==|=>|->|>>) (?P<rest>.*)$"
)
_EXIM_TO: Final = re.compile(r"(?P<to>[^ :<]+)(?: \(.*?\))?(?: <(?P<orig>[^>]+)>)?")
_EXIM_HOST: Final = re.compile(r" H=(?P<host>[^ \[]+)")
# What stands between the address and what was said: R=router T=transport H=host [ip]:port X=... defer (-44)
_EXIM_HEAD: Final = re.compile(
    r"(?: (?:[A-Z]{1,4}=[^\s\"]+|\[[^\s\]]+\](?::\d+)?:?|defer \(-?\d+\):?|\([^\s)]*\)))*:? ?"
)
_RELAY: Final = re.compile(r"(?:^|[, ])relay=\"?(?:\S+ \((?P<name>[^)]+)\)|(?P<host>[^ ,\[\"]+))")
_DSN: Final = re.compile(r" dsn=([245]\.\d{1,3}\.\d{1,3})")
_TO: Final = re.compile(r"(?:^| )to=<([^>]+)>")
_RCPT: Final = re.compile(r"(?:^| )rcpt=<([^>]+)>")

_RESULTS: Final = (
    ("sent", Action.DELIVERED),
    ("deliverable", Action.DELIVERED),
    ("ok", Action.DELIVERED),
    ("deferred", Action.DELAYED),
    ("tempfail", Action.DELAYED),
    ("bounced", Action.FAILED),
    ("expired", Action.FAILED),
    ("undeliverable", Action.FAILED),
    ("permfail", Action.FAILED),
)
_FLAGS: Final = (("**", Action.FAILED), ("==", Action.DELAYED))
_LONGEST: Final = 16_384


def read_log(lines: Iterable[str]) -> Iterator[LogEntry]:
    """Yield what each delivery line of a mail server's log says; lines of any other kind are passed over."""
    for line in lines:
        entry = read_line(line)
        if entry is not None:
            yield entry


def read_line(line: str) -> LogEntry | None:
    """Return what a line of a log says of one recipient, or None where it speaks of something else."""
    line = line[:_LONGEST].rstrip()
    return _postfix(line) or _sendmail(line) or _opensmtpd(line) or _exim(line)


def _action(word: str) -> Action | None:
    return next((action for name, action in _RESULTS if name == word.lower()), None)


def _postfix(line: str) -> LogEntry | None:
    match = _POSTFIX.search(line) if " status=" in line else None
    action = _action(match["result"]) if match else None
    if match is None or action is None:
        return None
    return LogEntry(
        match["to"], match["orig"], action, match["dsn"], _host(match["relay"]), match["text"] or "", match["queue"]
    )


def _sendmail(line: str) -> LogEntry | None:
    match = _SENDMAIL.search(line) if " stat=" in line else None
    if match is None:
        return None
    text = match["text"]
    code = _DSN.search(match["middle"])
    status = code[1] if code else None
    if text.startswith("Sent") or (status and status[0] == "2"):
        action = Action.DELIVERED
    else:
        waits = text.startswith(("Deferred", "queued")) or (status is not None and status[0] == "4")
        action = Action.DELAYED if waits else Action.FAILED
    relay = _RELAY.search(match["middle"])
    return LogEntry(
        match["to"].strip("<>"), None, action, status, _host(relay["host"]) if relay else None, text, match["queue"]
    )


def _opensmtpd(line: str) -> LogEntry | None:
    match = _OPENSMTPD.search(line) if " result=" in line else None
    action = _action(match["result"]) if match else None
    to = _TO.search(match["middle"]) if match else None
    if match is None or action is None or to is None:
        return None
    written = _RCPT.search(match["middle"])
    relay = _RELAY.search(match["middle"])
    host = (relay["name"] or relay["host"]) if relay else None
    return LogEntry(
        to[1],
        written[1] if written and "@" in written[1] else None,
        action,
        None,
        _host(host),
        match["text"],
        match["queue"],
    )


def _exim(line: str) -> LogEntry | None:
    match = _EXIM.match(line)
    to = _EXIM_TO.match(match["rest"]) if match else None
    if match is None or to is None:
        return None
    rest = match["rest"][to.end() :]
    host = _EXIM_HOST.search(rest)
    action = dict(_FLAGS).get(match["flag"], Action.DELIVERED)
    head = _EXIM_HEAD.match(rest)
    text = rest[head.end() :] if head else rest
    if action is Action.DELIVERED:
        text = text.removeprefix('C="').removesuffix('"')
    return LogEntry(to["to"], to["orig"], action, None, _host(host["host"]) if host else None, text, match["queue"])


def _host(relay: str | None) -> str | None:
    name = (relay or "").partition("[")[0].rstrip(".").lower()
    return name if "." in name else None
