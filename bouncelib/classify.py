"""Evidence to judgement: which rule decides, and why.

Judges are asked in a stated order, from the most to the least specific; code and words are read together. This module sees
`Evidence` only and never a mail, so one line of an SMTP log is judged by the same rules as a whole report.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib.address import domain
from bouncelib.model import (
    Action,
    Advice,
    Confidence,
    EnhancedCode,
    Evidence,
    Fault,
    Field,
    Judgement,
    Reason,
    Verdict,
    advice_for,
)
from bouncelib.patterns import late
from bouncelib.rulebook import Facts, Found, Hit, Rulebook

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
        # By identity: an enum's hash is a call of Python's.
        if action is Action.DELIVERED or action is Action.RELAYED or action is Action.EXPANDED:
            return DELIVERED
        text = evidence.unwrapped or evidence.diagnostic or ""
        facts = Facts(_told(text[:_TEXT]), evidence.status, evidence.smtp_code, evidence.stage, action)
        found = self._book.look_up(facts)
        decision = self._decide(facts, evidence, found)
        if decision.weak and evidence.unwrapped and evidence.diagnostic:
            # The wrapper may say what the quoted reply leaves open.
            facts = Facts(
                _told(evidence.diagnostic[:_TEXT]), evidence.status, evidence.smtp_code, evidence.stage, action
            )
            found = self._book.look_up(facts)
            wider = self._decide(facts, evidence, found)
            if not wider.weak:
                decision = wider
        return self._conclude(decision, facts, evidence, found)

    def _decide(self, facts: Facts, evidence: Evidence, found: Found) -> _Decision:
        book = self._book
        for rules in book.user:
            hit = rules.first.first(facts)
            if hit:
                return _Decision(hit, Confidence.HIGH)
        vendors = book.vendors(evidence.host, domain(evidence.address), evidence.format, found.tokens)
        by_code = book.status.first(facts) if facts.status else None
        for rules in vendors:
            hit = rules.first.first(facts)
            if hit:
                return _Decision(hit, Confidence.HIGH, by_code)
        hit = book.conflicts.first(facts, found.conflicts)
        if hit:
            return _Decision(hit, Confidence.MEDIUM, by_code)
        said = book.phrases.first(facts, found.phrases)
        by_words = book.phrases.first(facts, found.phrases, strong=True) if said and said[1].weak else said
        if by_code and not by_code[1].weak:
            return _weigh(by_code, by_words)
        if by_words:
            agree = by_code is not None and by_code[1].base is by_words[1].base
            return _Decision(by_words, Confidence.HIGH if agree else Confidence.MEDIUM, by_code)
        for rules in vendors:
            hit = rules.last.first(facts)
            if hit:
                return _Decision(hit, Confidence.HIGH, by_code)
        if said:
            agree = by_code is not None and by_code[1].base is said[1].base
            return _Decision(said, Confidence.MEDIUM if agree else Confidence.LOW, by_code, weak=True)
        if by_code and by_code[1].base is not Reason.UNDETERMINED:
            return _Decision(by_code, Confidence.LOW, weak=True)
        hit = book.reply.first(facts) if facts.reply else None
        return _Decision(hit or by_code, Confidence.LOW, by_code, weak=True)

    def _conclude(self, decision: _Decision, facts: Facts, evidence: Evidence, found: Found) -> Judgement:
        hit = decision.hit
        confidence = decision.confidence
        status, reply, action = facts.status, facts.reply, facts.action
        if hit is None:
            reason: str = Reason.UNDETERMINED
            base, verdict, rule_id, phrase = Reason.UNDETERMINED, Verdict.SOFT, "standard/undetermined", ""
            fault = Fault.UNKNOWN
        else:
            _, rule, phrase = hit
            reason, base, verdict, rule_id = rule.reason, rule.base, rule.verdict, rule.id
            fault = rule.fault
            if rule.ceiling is not Confidence.HIGH and confidence is not Confidence.LOW:
                confidence = rule.ceiling
        trail = decision.trail()
        final = hit is not None and hit[1].final and action is not Action.DELAYED
        if verdict is Verdict.HARD and not final and _may_pass(status, reply, action):
            verdict = Verdict.SOFT
            trail = (*trail, ("softened because", "the reply is temporary"))
        if verdict is Verdict.HARD and facts.stage in _BEFORE_RCPT and base in _OF_A_MAILBOX:
            # Nobody had named the recipient yet (RFC 5321, section 3.3): whoever was refused, it was somebody else.
            verdict, confidence = Verdict.SOFT, Confidence.LOW
            trail = (*trail, ("softened because", f"it was said at {facts.stage}, before the recipient was named"))
        if evidence.guessed:
            confidence = Confidence.LOW
        text = facts.text
        return Judgement(
            verdict,
            reason,
            base,
            fault,
            advice_for(verdict, base, fault, action),
            confidence,
            rule_id,
            phrase or None,
            trail,
            min(found.blocklists) if found.blocklists and fault in _REFUSED_SENDERS else None,
            _retry_after(text) if base in _WAITING else None,
            _help_url(text) if "://" in text else None,
        )


class _Decision:
    """The rule that decides so far, and what else had a say."""

    __slots__ = ("confidence", "hit", "other", "weak")

    def __init__(
        self,
        hit: Hit | None,
        confidence: Confidence,
        other: Hit | None = None,
        *,
        weak: bool = False,
    ) -> None:
        self.hit = hit
        self.confidence = confidence
        self.other = other
        self.weak = weak

    def trail(self) -> tuple[Field, ...]:
        if self.other is None or self.hit is None or self.other is self.hit:
            return ()
        rule = self.other[1]
        return (("agrees with" if rule.base is self.hit[1].base else "overruled", rule.id),)


def _told(text: str) -> str:
    """Return `text` without the advice that a reader gets: who is to try again is its sender, not his server."""
    return _ADVICE.sub(" ", text) if "gain" in text or "ender" in text else text


def _weigh(by_code: Hit, by_words: Hit | None) -> _Decision:
    """Return what a specific code and words mean together."""
    if by_words is None:
        return _Decision(by_code, Confidence.MEDIUM)
    code, words = by_code[1], by_words[1]
    if code.base is words.base:
        return _Decision(by_words, Confidence.HIGH, by_code)
    if code.verdict is words.verdict:
        return _Decision(by_words, Confidence.MEDIUM, by_code)
    # An unresolved contradiction takes the milder verdict.
    if words.verdict is Verdict.SOFT:
        return _Decision(by_words, Confidence.LOW, by_code)
    return _Decision(by_code, Confidence.LOW, by_words)


def _may_pass(status: EnhancedCode | None, reply: str | None, action: str | None) -> bool:
    return (
        (status is not None and status.class_ == 4)
        or (reply is not None and reply[0] == "4")
        or action is Action.DELAYED
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
