"""A parser that remembers whom it asked: every format, every judge, every table of rules, and what each of them said.

It is built of the ordinary parts, each wrapped; the ordinary parser knows nothing of it and pays nothing for it.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from attrs import evolve

from bouncelib.classify import Classifier
from bouncelib.dispatch import Dispatcher
from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.model import Evidence, Judgement, Reading
from bouncelib.parser import BounceParser
from bouncelib.rulebook import Rulebook, Rules, RuleSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.guard import Judge
    from bouncelib.rulebook import Facts, Hit
    from bouncelib.signs import Signs

_KINDS: Final = (
    ("header", "headers"),
    ("phrase", "phrases"),
    ("subject", "subjects"),
    ("words in the subject", "topics"),
    ("sender", "senders"),
    ("type", "types"),
    ("part", "parts"),
)
"""The kinds of clue: how each is called, and its name in a fingerprint."""
_TABLES: Final = ("status", "conflicts", "phrases", "reply")


class Answer(NamedTuple):
    """What a format made of a message."""

    form: Format
    message: Message
    evidence: tuple[Evidence, ...]
    said: str
    """In words: a kind and a number of recipients, nothing, or what went wrong."""


class Word(NamedTuple):
    """What a judge or a table of rules said of one recipient."""

    evidence: Evidence
    asked: str
    said: str | None
    """The rule and its words, a judge's verdict; None where nothing fits."""


class TracingParser(BounceParser):
    """A parser whose `answers` and `words` tell how the last message was read; not for use by several threads."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as `BounceParser` takes them
        """Build a `BounceParser` with these options, and listen in."""
        super().__init__(**options)
        self.answers: list[Answer] = []
        self.words: list[Word] = []
        self._of: Evidence | None = None
        if self._own is not None:
            self._own = self._heard_formats(self._own)
        self._dispatcher = self._heard_formats(self._dispatcher)
        self.dispatchers = (self._dispatcher,) if self._own is None else (self._own, self._dispatcher)
        self._judges = tuple((name, self._heard_judge(name, judge)) for name, judge in self._judges)
        book = self._classifier._book  # noqa: SLF001 - built of the parser's own parts, whatever they are
        self._classifier = _Classifier(_Book(book, self), self)

    def forget(self) -> None:
        """Forget the last message."""
        self.answers.clear()
        self.words.clear()

    def _heard_formats(self, dispatcher: Dispatcher) -> Dispatcher:
        return Dispatcher(map(self._heard_format, dispatcher.formats))

    def _heard_format(self, form: Format) -> Format:
        def read(message: Message) -> Any:  # noqa: ANN401 - whatever the format says; it is checked elsewhere
            try:
                found: Any = form.run(message)
            except Exception as error:
                self.answers.append(Answer(form, message, (), f"raised {type(error).__name__}"))
                raise
            if found is not None and not isinstance(found, Reading):
                # What is yielded can be looked at but once.
                found = list(found)
            evidence = found.recipients if isinstance(found, Reading) else found
            kept = tuple(one for one in evidence or () if isinstance(one, Evidence))
            kind = found.kind if isinstance(found, Reading) else form.kind
            said = "nothing" if found is None else f"{kind}, {len(kept)} recipient{'s' if len(kept) != 1 else ''}"
            self.answers.append(Answer(form, message, kept, said))
            return found

        return evolve(form, read=read)

    def _heard_judge(self, name: str, judge: Judge) -> Judge:
        def heard(evidence: Evidence) -> Judgement | None:
            answer = judge(evidence)
            said = f"{answer.verdict}, {answer.reason}" if isinstance(answer, Judgement) else None
            self.words.append(Word(evidence, f"judge {name}", said))
            return answer

        return heard

    def hear(self, asked: str, hit: Hit | None) -> None:
        """Remember what a table of rules said of the recipient that is being judged."""
        if self._of is None:
            return
        words = "" if hit is None or not hit[2] else f' by "{hit[2]}"'
        said = None if hit is None else f"{hit[1].id} ({hit[1].verdict}, {hit[1].reason}){words}"
        word = Word(self._of, asked, said)
        if word not in self.words[-1:]:
            self.words.append(word)

    def judging(self, evidence: Evidence) -> None:
        """Remember who is being judged."""
        self._of = evidence


class _Classifier(Classifier):
    """A classifier that says whom it judges."""

    __slots__ = ("_ear",)

    def __init__(self, book: Rulebook, ear: TracingParser) -> None:
        super().__init__(book)
        self._ear = ear

    def judge(self, evidence: Evidence) -> Judgement:
        self._ear.judging(evidence)
        return super().judge(evidence)


class _RuleSet(RuleSet):
    """A table of rules that says what it found."""

    __slots__ = ("_ear", "_name")

    def __init__(self, name: str, rules: RuleSet, ear: TracingParser) -> None:
        super().__init__(rules.rules)
        self._name = name
        self._ear = ear

    def first(self, facts: Facts, found: Sequence[Hit] | None = None, *, strong: bool = False) -> Hit | None:
        hit = super().first(facts, found, strong=strong)
        self._ear.hear(f"{self._name}, without the weak" if strong else self._name, hit)
        return hit


class _Book(Rulebook):
    """A rulebook whose tables say what they found."""

    def __init__(self, book: Rulebook, ear: TracingParser) -> None:
        # The same book, with other tables in it: it is not sorted and indexed again.
        self.__dict__.update(vars(book))
        self._ear = ear
        self.user = [self._heard(rules, "your rules") for rules in self.user]
        for name in _TABLES:
            setattr(self, name, _RuleSet(f"standard/{name}", getattr(self, name), ear))

    def vendors(self, host: str | None, domain: str, name: str | None, tokens: Sequence[Rules]) -> Sequence[Rules]:
        return [self._heard(rules, "vendor") for rules in super().vendors(host, domain, name, tokens)]

    def _heard(self, rules: Rules, scope: str) -> Rules:
        heard = copy(rules)
        heard.__dict__["first"] = _RuleSet(f"{scope} {rules.name}", rules.first, self._ear)
        heard.__dict__["last"] = _RuleSet(f"{scope} {rules.name}, its default", rules.last, self._ear)
        return heard


def show(fingerprint: Fingerprint) -> str:
    """Return the clues of `fingerprint` in a line."""
    given = [(kind, getattr(fingerprint, name)) for kind, name in _KINDS]
    return " and ".join(f"{kind} {' or '.join(map(repr, texts))}" for kind, texts in given if texts)


def found_clues(form: Format, signs: Signs) -> str:
    """Return the clues of `form` that a message with these `signs` has."""
    if not form.fingerprints:
        return "last resort" if form.last_resort else "always"
    for clue in form.fingerprints:
        if _fits(clue, signs):
            return show(evolve(clue, **{name: _alone(clue, name, signs) for _, name in _KINDS}))
    return "none"


def _alone(clue: Fingerprint, name: str, signs: Signs) -> tuple[str, ...]:
    texts: tuple[str, ...] = getattr(clue, name)
    return tuple(text for text in texts if _fits(Fingerprint(**{name: (text,)}), signs))


def _fits(clue: Fingerprint, signs: Signs) -> bool:
    return bool(Dispatcher((Format("probe", (clue,)),)).candidates(signs))
