"""What a notice says of each recipient that it names: beside him, after him, or in the line over the list that he stands in.

Each line is read a bounded number of times, however many recipients there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from attrs import define, field

from bouncelib import smtp
from bouncelib.notice import replies_by_address, tells_arrival, tells_failure
from bouncelib.patterns import late
from bouncelib.signs import fold

ENOUGH: Final = 1500
"""How many characters are kept of what is said of one."""
# A reply of which only the codes are told.
_BARE: Final = late(r"[^\d]{0,40}[45]\d\d(?:[ -][45]\.\d{1,3}\.\d{1,3})?\W{0,5}")
_RULE: Final = late(r"[-=*_#~]{8,}")
_LIST: Final = 40
_NOBODY: Final = "\0"


@define
class Places:
    """Where a notice names recipients, and what it says between them: each line is read a bounded number of times."""

    lines: list[str]
    numbers: list[int]
    """The lines that name them, in order."""
    headings: list[int]
    """The lines over lists of them, in order; empty where there is one list."""
    everything: list[str]
    """All lines of the message, where a transcript may follow."""
    _shared: dict[int, str] | None = None
    _tells: dict[str, bool] = field(factory=dict)
    _replies: dict[str, list[str]] | None = None

    def end(self, number: int) -> int:
        """Return the line that names the next recipient, or the end."""
        after = bisect_right(self.numbers, number)
        return self.numbers[after] if after < len(self.numbers) else len(self.lines)

    def heading_over(self, number: int) -> int | None:
        """Return the last line over a list before line `number`."""
        before = bisect_left(self.headings, number)
        return self.headings[before - 1] if before else None

    def shared(self, number: int) -> str:
        """Return what is said after the last of recipients that follow each other without a word, the first in line `number`."""
        if self._shared is None:
            self._shared = {}
            told = ""
            for start in reversed(self.numbers):
                end = self.end(start)
                over = self.heading_over(end)
                self._shared[start] = "" if end == len(self.lines) or (over is not None and over > start) else told
                told = _telling(self.lines[start : _heading_start(self, start, end)], _NOBODY) or self._shared[start]
        return self._shared[number]

    def tells(self, said: str) -> bool:
        """Return whether what is `said` tells what became of a recipient."""
        if said not in self._tells:
            self._tells[said] = bool(
                smtp.find_reply(said).code or tells_failure(fold(said)) or tells_arrival(fold(said))
            )
        return self._tells[said]

    def replies(self, address: str) -> list[str]:
        """Return the refusals that name `address`, or answer the command that does."""
        if self._replies is None:
            self._replies = replies_by_address(self.everything)
        return self._replies.get(address.lower(), [])


def said_of(places: Places, number: int, address: str) -> str:
    """Return what is said of the recipient named in line `number`."""
    lines, several = places.lines, len(places.numbers) > 1
    said = _telling(lines[number : _heading_start(places, number, places.end(number))], address)
    if not said and several and tells_arrival(fold(above := _line_above(places, number))):
        return above
    said = said or places.shared(number)
    over = places.heading_over(number)
    if not said and several and over is not None:
        return lines[over].strip()
    reply = smtp.find_reply(said)
    if not (reply.code and reply.status):
        elsewhere = places.replies(address)
        fuller = next((line for line in elsewhere if smtp.find_reply(line).status), None)
        if fuller or (elsewhere and not reply.code):
            said = fuller or elsewhere[0]
    if not said or not places.tells(said):
        # What is said of all stands above the first of them; below it, it is the others'.
        top = min(places.numbers[0], number)
        before = [line.strip() for line in lines[max(0, top - 8) : top] if line.strip()]
        said = f"{' '.join(before)} {said}".strip()
    return said[:ENOUGH]


def _heading_start(places: Places, number: int, end: int) -> int:
    """Return where the heading over the recipient in line `end` begins, which tells nothing of the one in `number`; else `end`."""
    lines = places.lines
    last = next((at for at in range(end - 1, number, -1) if lines[at].strip()), number)
    if end == len(lines) or last == number or not lines[last].rstrip().endswith(":"):
        return end
    heads = places.heading_over(end) == last
    return last if heads or (last > number + 1 and not lines[last - 1].strip()) else end


def find_headings(lines: list[str]) -> list[int]:
    """Return the lines over lists of recipients, where there are several such lists."""
    found: list[int] = []
    under = ""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        if line.endswith(":") and "@" not in line and "@" in under:
            found.append(at)
        under = line or under
    return found[::-1] if len(found) > 1 else []


def _line_above(places: Places, number: int) -> str:
    """Return the last line over the one that names a recipient, and over other recipients between them."""
    before = reversed(places.lines[max(0, number - _LIST) : number])
    return next((line.strip() for line in before if line.strip() and "@" not in line), "")


def _telling(segment: list[str], address: str) -> str:
    """Return the part of `segment` that tells why: from a reply on, if it holds one; else all of it."""
    bare = [line.strip() for line in segment]
    before, _, after = bare[0].partition(address)
    first = after.strip("<>()[]:;,. \t\"'*-")
    if before.strip("<( \t\"'")[-1:].isalnum() if first else tells_failure(fold(before)):
        # The address stands in the midst of a sentence, or at its end.
        first = bare[0]
    for at, line in enumerate(bare):
        text = first if at == 0 else line
        reply = smtp.find_reply(text)
        if reply.code or reply.status:
            if reply.code and _BARE.fullmatch(text) and any(reply.code in one for one in bare[at + 1 :]):
                continue
            stop = next((n for n in range(at + 1, len(bare)) if not bare[n]), len(bare))
            return " ".join([text, *bare[at + 1 : stop]])[:ENOUGH]
    told = [first]
    for line in bare[1:]:
        if any(told) and _RULE.match(line):
            break
        told.append(line)
    return " ".join(filter(None, told))[:ENOUGH]
