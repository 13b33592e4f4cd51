"""Evidence to judgement: which rule decides, and why.

Judges are asked in a stated order, from the most to the least specific; code and words are read together. This module sees
`Evidence` only and never a mail, so one line of an SMTP log is judged by the same rules as a whole report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bouncelib.address import domain
from bouncelib.model import (
    Action,
    Advice,
    Confidence,
    Evidence,
    Fault,
    Field,
    Judgement,
    Reason,
    Verdict,
    advice_for,
)
from bouncelib.patterns import late
from bouncelib.rulebook import PHRASES, UNDETERMINED, Facts, Found, Hit, Rule, Rulebook, RuleSet, fulfilled

_WAIT: Final = late(r"\b(\d{1,5}) ?(second|sec|minute|min|hour|day)s?\b", re.IGNORECASE)
_SECONDS: Final = (("sec", 1), ("min", 60), ("hour", 3600), ("day", 86_400))
_URL: Final = late(r"https?://[^\s<>\"')\]}]{3,400}", re.IGNORECASE)
_WAITING: Final = (Reason.GREYLISTED, Reason.RATE_LIMITED, Reason.BLOCKLISTED, Reason.SYSTEM_ERROR)
_REFUSED_SENDERS: Final = (Fault.SENDER, Fault.MESSAGE)
_BEFORE_RCPT: Final = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL")
_ADVICE: Final = late(
    r"(?:please|should|kindly|[.!]) {1,2}(?:double[- ]?check|check|verify|confirm|correct)[^.:;]{0,100}"
    r"\b(?:try|send)[a-z ]{0,30} again\b(?! (?:later|in|after)\b)|"
    r"\breturn(?:ed|ing)?(?: it| mail| message)?(?: back)? to (?:the |its )?(?:sender|originator)\b",
    re.IGNORECASE,
)
_OF_A_MAILBOX: Final = (Reason.UNKNOWN_USER, Reason.DISABLED, Reason.MOVED, Reason.BAD_ADDRESS)
_TEXT: Final = 4096
"""How much of a diagnostic is judged, in characters."""

# Spelt here once: to look a member up in its enum takes ten times as long as to look up a name.
_HIGH, _MEDIUM, _LOW = Confidence
_HARD, _SOFT = Verdict.HARD, Verdict.SOFT
_DELAYED: Final = Action.DELAYED
_POSITIVE: Final = (Action.DELIVERED, Action.RELAYED, Action.EXPANDED)
_NO_RULE: Final = Rule({"id": UNDETERMINED, "reason": Reason.UNDETERMINED.value}, "", {})
_NO_HIT: Final[Hit] = (0, 0, "", _NO_RULE)

DELIVERED: Final = Judgement(Verdict.NONE, None, None, None, Advice.NONE, Confidence.HIGH, None)
"""Nothing failed: a positive report, or a message that is no delivery report."""


class Classifier:
    """The rules of one parser, in the order in which they are asked."""

    __slots__ = ("_book",)

    def __init__(self, book: Rulebook) -> None:
        """Judge by `book`."""
        self._book = book

    def judge(self, evidence: Evidence) -> Judgement:
        """Return what `evidence` means."""
        action = evidence.action
        if action in _POSITIVE:
            return DELIVERED
        facts = _facts(evidence, evidence.unwrapped or evidence.diagnostic)
        found = self._book.look_up(facts)
        decision = self._decide(facts, evidence, found)
        if decision[3] and evidence.unwrapped and evidence.diagnostic:
            # The wrapper may say what the quoted reply leaves open.
            facts = _facts(evidence, evidence.diagnostic)
            found = self._book.look_up(facts)
            wider = self._decide(facts, evidence, found)
            if not wider[3]:
                decision = wider
        if self._book.ratings:
            decision = self._rated(decision, facts, evidence, found)
        return self._conclude(decision, facts, evidence, found)

    def asked(self, evidence: Evidence) -> Iterator[tuple[str, Hit | None]]:
        """Yield each table of rules that is asked for `evidence`, in order, with what it says.

        For whoever wants to know why; `judge` does the same and tells nobody.
        """
        for text in dict.fromkeys((evidence.unwrapped or evidence.diagnostic, evidence.diagnostic)):
            facts = _facts(evidence, text)
            found = self._book.look_up(facts)
            yield from self._asked(facts, evidence, found)
            if not self._decide(facts, evidence, found)[3]:
                return

    def _asked(self, facts: Facts, evidence: Evidence, found: Found) -> Iterator[tuple[str, Hit | None]]:
        book = self._book
        for rules in book.user:
            hit = next(iter(rules.fulfilled(facts, found[1])), None)
            yield f"your rules {rules.file.name}", hit
            if hit:
                return
        by_code = book.status.first(facts)
        if facts.status:
            yield "standard/status", by_code
        vendors = [(rules.file.name, rules.fulfilled(facts, found[1])) for rules in self._vendors(evidence, found)]
        for name, hits in vendors:
            hit = next((hit for hit in hits if not hit[3].default), None)
            yield f"vendor {name}", hit
            if hit:
                return
        conflict, said, by_words = _read(found, facts)
        yield "standard/conflicts", conflict
        if conflict:
            return
        yield "standard/phrases", said
        if said is not by_words:
            yield "standard/phrases, without the weak", by_words
        if by_words or (by_code and not by_code[3].weak):
            return
        for name, hits in vendors:
            hit = next((hit for hit in hits if hit[3].default), None)
            yield f"vendor {name}, its default", hit
            if hit:
                return
        if facts.reply and not said and (by_code is None or by_code[3].base is Reason.UNDETERMINED):
            yield "standard/reply", book.reply.first(facts)

    def _vendors(self, evidence: Evidence, found: Found) -> Sequence[RuleSet]:
        return self._book.vendors(evidence.host, domain(evidence.address), evidence.format, found[2])

    def _decide(self, facts: Facts, evidence: Evidence, found: Found) -> _Decision:
        book = self._book
        others = found[1]
        for rules in book.user:
            for hit in rules.fulfilled(facts, others):
                return hit, _HIGH, None, False
        by_code = book.status.first(facts) if facts.status else None
        defaults: list[Hit] = []
        for rules in self._vendors(evidence, found):
            for hit in rules.fulfilled(facts, others):
                if not hit[3].default:
                    return hit, _HIGH, by_code, False
                defaults.append(hit)
        conflict, said, by_words = _read(found, facts)
        if conflict:
            return conflict, _MEDIUM, by_code, False
        if by_code and not by_code[3].weak:
            return _weigh(by_code, by_words)
        base = by_code[3].base if by_code else None
        if by_words:
            return by_words, _HIGH if base is by_words[3].base else _MEDIUM, by_code, False
        if defaults:
            return defaults[0], _HIGH, by_code, False
        if said:
            return said, _MEDIUM if base is said[3].base else _LOW, by_code, True
        if by_code and base is not Reason.UNDETERMINED:
            return by_code, _LOW, None, True
        return (book.reply.first(facts) if facts.reply else None) or by_code or _NO_HIT, _LOW, by_code, True

    def _rated(self, decision: _Decision, facts: Facts, evidence: Evidence, found: Found) -> _Decision:
        """Return `decision` as the user rates it."""
        hit, confidence, other, weak = decision
        rule = self._book.rated(hit[3], facts, self._vendors(evidence, found))
        return ((*hit[:3], rule), confidence, None if other is hit else other, weak) if rule else decision

    def _conclude(self, decision: _Decision, facts: Facts, evidence: Evidence, found: Found) -> Judgement:
        hit, confidence, other, _ = decision
        rule: Rule = hit[3]
        base, fault, verdict = rule.base, rule.fault, rule.verdict
        trail: tuple[Field, ...] = ()
        if rule.ceiling is not _HIGH and confidence is not _LOW:
            confidence = rule.ceiling
        if other is not None and other is not hit:
            trail = (("agrees with" if other[3].base is base else "overruled", other[3].id),)
        if rule.rated is not None:
            trail = (*trail, ("re-rated by", rule.rated))
        if verdict is _HARD:
            why = None
            if _may_pass(facts) and (not rule.final or facts.action is _DELAYED):
                why = "the reply is temporary"
            elif facts.stage in _BEFORE_RCPT and base in _OF_A_MAILBOX:
                # Nobody had named the recipient yet (RFC 5321, section 3.3): whoever was refused, it was somebody else.
                why = f"it was said at {facts.stage}, before the recipient was named"
                confidence = _LOW
            if why:
                verdict = _SOFT
                trail = (*trail, ("softened because", why))
        said = facts.said
        return Judgement(
            verdict,
            rule.reason,
            base,
            fault,
            advice_for(verdict, base, fault, facts.action),
            _LOW if evidence.guessed else confidence,
            rule.id,
            hit[2] or None,
            trail,
            min(found[3]) if found[3] and fault in _REFUSED_SENDERS else None,
            _retry_after(said) if base in _WAITING else None,
            _help_url(said) if "://" in said else None,
        )


_Decision = tuple[Hit, Confidence, Hit | None, bool]
"""The rule that decides so far, how sure that is, what else had a say, and whether it names no real cause."""


def _facts(evidence: Evidence, text: str | None) -> Facts:
    """Return `evidence` as rules see it; of its text, as much as is judged, without the advice that a reader gets."""
    text = text[:_TEXT] if text else ""
    if "gain" in text or "ender" in text:
        # Who is to try again is the reader of the report, not his server.
        text = _ADVICE.sub(" ", text)
    return Facts(text, evidence.status, evidence.smtp_code, evidence.stage, evidence.action)


def _read(found: Found, facts: Facts) -> tuple[Hit | None, Hit | None, Hit | None]:
    """Return what code and words together say, or else what the words say, and what they say that names a cause."""
    said = None
    for hit in fulfilled(found[0], facts):
        if hit[0] < PHRASES:
            return hit, None, None
        if not hit[3].weak:
            return None, said or hit, hit
        said = said or hit
    return None, said, None


def _weigh(by_code: Hit, by_words: Hit | None) -> _Decision:
    """Return what a specific code and words mean together."""
    if by_words is None:
        return by_code, _MEDIUM, None, False
    code, words = by_code[3], by_words[3]
    if code.base is words.base:
        return by_words, _HIGH, by_code, False
    if code.verdict is words.verdict:
        return by_words, _MEDIUM, by_code, False
    # An unresolved contradiction takes the milder verdict.
    if words.verdict is _SOFT:
        return by_words, _LOW, by_code, False
    return by_code, _LOW, by_words, False


def _may_pass(facts: Facts) -> bool:
    status, reply = facts.status, facts.reply
    return (
        (status is not None and status.class_ == 4)
        or (reply is not None and reply[0] == "4")
        or facts.action is _DELAYED
    )


def _retry_after(text: str) -> int | None:
    match = _WAIT.search(text)
    if match is None:
        return None
    unit = match[2].lower()
    return int(match[1]) * next(seconds for name, seconds in _SECONDS if unit.startswith(name))


def _help_url(text: str) -> str | None:
    match = _URL.search(text)
    return match[0].rstrip(".,;:!?") if match else None
