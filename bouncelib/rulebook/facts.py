"""What a judge sees of one reply, and which of some rules it fulfils first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bouncelib.model import EnhancedCode
from bouncelib.rulebook.schema import NO_CODE, Rule
from bouncelib.words import Words, split_words


class Facts(Words):
    """What a judge sees of one reply: its codes, its words, where and by whom it was said."""

    __slots__ = ("action", "code", "reply", "reply_class", "said", "stage", "status", "subject")

    def __init__(
        self, text: str, status: EnhancedCode | None, reply: str | None, stage: str | None, action: str | None
    ) -> None:
        """Normalise `text`, once for all rules."""
        self.said = text
        self.singles = split_words(text)
        self.text = f" {' '.join(self.singles)} "
        self.status = status
        self.code = self.subject = NO_CODE
        if status is not None:
            # As `schema.number_codes` has it, without the call: this runs for every reply.
            number = 1000 * status.class_ + status.subject
            self.code, self.subject = 10_000 * number + status.detail, -number
        self.reply = reply
        self.reply_class = f"{reply[0]}yz" if reply else None
        self.stage = stage
        self.action = action


Hit = tuple[int, int, str, Any]
"""What a phrase in the text stands for: its rank, less the length of the phrase, the phrase, and mostly a rule.

Sorted, the first rule comes first; of its phrases the longest explains best, and of those the same one on every run.
"""


def fulfilled(hits: Iterable[Hit], facts: Facts) -> Iterator[Hit]:
    """Yield those of `hits`, which are rules, that `facts` fulfil."""
    code, subject = facts.code, facts.subject
    for hit in hits:
        # Most texts hold phrases of several rules, and most of those ask for another code.
        rule: Rule = hit[3]
        if not rule.plain:
            codes = rule.codes
            if codes and code not in codes and subject not in codes:
                continue
            replies = rule.replies
            if replies and facts.reply not in replies and facts.reply_class not in replies:
                continue
            if not (rule.simple or rule.matches(facts.status, facts.stage, facts.action, facts, facts.said)):
                continue
        yield hit
