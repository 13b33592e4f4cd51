"""A parser that remembers whom it asked: every format, every judge, every table of rules, and what each of them said.

It is built of the ordinary parts, each wrapped; the ordinary parser knows nothing of it and pays nothing for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from attrs import evolve

from bouncelib.classify import Classifier
from bouncelib.dispatch import Dispatcher
from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.model import Evidence, Judgement, Reading
from bouncelib.parser import BounceParser

if TYPE_CHECKING:
    from bouncelib.guard import Judge
    from bouncelib.rulebook import Hit, Rulebook
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
        if self._own is not None:
            self._own = self._heard_formats(self._own)
        self._dispatcher = self._heard_formats(self._dispatcher)
        self.dispatchers = (self._dispatcher,) if self._own is None else (self._own, self._dispatcher)
        self._judges = tuple((name, self._heard_judge(name, judge)) for name, judge in self._judges)
        book = self._classifier._book  # noqa: SLF001 - built of the parser's own parts, whatever they are
        self._classifier = _Classifier(book, self)

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

    def hear(self, evidence: Evidence, asked: str, hit: Hit | None) -> None:
        """Remember what a table of rules said of the recipient that is being judged."""
        said = None
        if hit is not None:
            _, _, words, rule = hit
            said = f"{rule.id} ({rule.verdict}, {rule.reason})" + (f' by "{words}"' if words else "")
        word = Word(evidence, asked, said)
        if word not in self.words[-1:]:
            self.words.append(word)


class _Classifier(Classifier):
    """A classifier that says whom it judges."""

    __slots__ = ("_ear",)

    def __init__(self, book: Rulebook, ear: TracingParser) -> None:
        super().__init__(book)
        self._ear = ear

    def judge(self, evidence: Evidence) -> Judgement:
        for asked, hit in self.asked(evidence):
            self._ear.hear(evidence, asked, hit)
        return super().judge(evidence)


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
