"""The contract of a format and of a rule file: what ours are held to, for anybody's."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bouncelib.dispatch import Dispatcher
from bouncelib.format import Format
from bouncelib.formats import CATALOGUE
from bouncelib.gather import gather
from bouncelib.guard import ask
from bouncelib.message import Message
from bouncelib.model import Reading
from bouncelib.parser import BounceParser
from bouncelib.plugins import Heuristic
from bouncelib.rulecheck import check_rules as _lint
from bouncelib.signs import Signs
from bouncelib.testing.damage import variants
from bouncelib.testing.expectation import check_case, read_expectation
from bouncelib.testing.ordinary import Sample, known_reports, ordinary_mail

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_WIDE: Final = 2
"""Of how many of the known reports a fingerprint may make its format be asked: writers quote each other."""
_SIZES: Final = (*range(8, 40, 2), 64, 128, 256, 512, 1024, 4096, 16_384)
"""Lengths of lines that a reader is tried on: in small steps first, to see an exponential one while it still ends."""
_SLOW: Final = 0.3
"""Seconds of processor time that a reader may take for one of them."""
_TIMED: Final = 3
"""How many messages are made longer."""
_SEEDS: Final = ("a", " ", "<", "@", "a@", "<a@", "a.", ": ", "-")


def check_format(
    form: Format | Heuristic, folder: str | os.PathLike[str], *, parser: BounceParser | None = None
) -> None:
    """Raise `AssertionError` that lists, a line each, whatever `form` owes its contract; `folder` holds the proof.

    Proof is messages NAME.eml beside expectations NAME.json (a part of `BounceReport.to_dict()`), at least one. `parser` reads
    them; without one it is the shipped formats and rules with `form` before them, without plugins.
    The contract:

    - each message is read by this format, unless its expectation names another ``format``, and as its expectation says:
      with LF, CRLF and CR line ends, as bytes and as text;
    - reading is pure: the same message gives the same result;
    - addresses and codes that it reports stand in the message;
    - messages that are cut or mangled raise nothing, and invent nothing;
    - no line takes long to read, however long it is;
    - ordinary mail does not fit the fingerprint and is not read; hardly any report of other writers fits it, and
      those are read as before.
    """
    form = form if isinstance(form, Format) else form.format
    folder = Path(folder)
    lines = [*_check_name(form), *_check_proof(form, folder, parser), *_check_others(form)]
    _fail(f"format {form.name!r} breaks its contract", lines)


def check_rules(path: str | os.PathLike[str]) -> None:
    """Raise `AssertionError` that lists, a line each, what is wrong with the rule file `path`, or with those in the folder `path`.

    The contract: `bouncelib rules check` has nothing to say, that is, the file loads, no rule is useless or slow, and every
    example is decided by exactly its rule and every counter-example by another, through the whole chain of judges;
    and every rule has an example.
    """
    files = sorted(Path(path).glob("*.toml")) if Path(path).is_dir() else [Path(path)]
    lines = [str(problem) for file in files for problem in _lint(file)]
    if not files:
        lines.append(f"{path}: no *.toml in it")
    if not lines:
        lines = [f"{file}: rule {name}: no examples" for file in files for name in _unproven(file)]
    _fail("rules break their contract", lines)


def _unproven(file: Path) -> Iterator[str]:
    import tomllib

    for table in tomllib.loads(file.read_text("utf-8")).get("rule", ()):
        if not table.get("examples"):
            yield table["id"]


def _fail(title: str, lines: Sequence[str]) -> None:
    if lines:
        raise AssertionError("\n  ".join([f"{title}:", *lines]))


def with_format(form: Format) -> BounceParser:
    """Return a parser of the shipped formats with `form` before them, or in its place where it is one of them."""
    shipped = tuple(CATALOGUE)
    return BounceParser(formats=shipped if form in shipped else (form, *shipped), plugins=False)


def _check_name(form: Format) -> Iterator[str]:
    if not _NAME.fullmatch(form.name):
        yield f"the name {form.name!r} is none; write small letters, digits, '-' and '_'"


def _check_proof(form: Format, folder: Path, parser: BounceParser | None) -> Iterator[str]:
    mails = sorted(folder.glob("*.eml"))
    if not mails:
        yield f"{folder}: no *.eml in it"
    for path in sorted(folder.glob("*.json")):
        if not path.name.endswith(".got.json") and not path.with_suffix(".eml").exists():
            yield f"{path.name}: no message beside it"
    parser = with_format(form) if parser is None else parser
    own = 0
    for path in mails:
        raw = path.read_bytes()
        wanted = {"format": form.name}
        try:
            wanted |= read_expectation(path.with_suffix(".json"))
        except FileNotFoundError:
            yield f"{path.name}: no {path.stem}.json beside it"
        except ValueError as error:
            yield f"{path.stem}.json: {error}"
        reads = wanted["format"] == form.name
        own += reads
        yield from (f"{path.name}: {line}" for line in check_case(raw, wanted, parser))
        yield from (f"{path.name}: {line}" for line in _check_reading(form, raw, reads=reads))
        if reads and own <= _TIMED:
            yield from (f"{path.name}: {line}" for line in _check_time(form, raw))
    if mails and not own:
        yield f"{folder}: no message in it is read by this format"


def _check_reading(form: Format, raw: bytes, *, reads: bool) -> Iterator[str]:
    """Yield what is wrong with how `form` reads `raw`; `reads` says that this is a message of its own."""
    found, errors = _run(form, raw)
    yield from errors
    if found is None and reads and not errors:
        yield "read() returns None"
    if errors or (found is None and reads):
        return
    if found != _run(form, raw)[0]:
        yield "read() gives another result the second time"
    if reads and form.fingerprints and not _is_asked(form, raw):
        yield "the fingerprint does not fit"
    for how, damaged in variants(raw):
        _, errors = _run(form, damaged)
        if errors:
            yield f"{how}: {errors[0]}"
            return


def _check_time(form: Format, raw: bytes) -> Iterator[str]:
    """Yield the first text that, repeated on a line before the notice, makes reading slow."""
    message = Message(raw)
    line = next((line.strip() for line in message.lines if "@" in line), "")
    notice = message.notice.encode("utf-8", "replace")
    # A notice alone has no delimiter behind which a long line would hide.
    head = (
        b"From: mailer-daemon@store.example\n\n"
        if message.media.startswith("multipart/")
        else raw[: message.body_start]
    )
    for size in _SIZES:
        for seed in filter(None, (*_SEEDS, line)):
            # The end is what no pattern expects: it makes a search try all ways.
            long = (seed * (size // len(seed) + 1))[:size].encode() + b"\0\n"
            start = time.thread_time()
            _run(form, head + long + notice + b"\n" + long)
            took = time.thread_time() - start
            if took > _SLOW:
                yield f"slow: {took:.1f} s for a line of {size} characters, {seed[:40]!r} again and again"
                return


def _run(form: Format, raw: bytes) -> tuple[Reading | None, list[str]]:
    """Return what `form` makes of `raw`, and what a parser would note against it."""
    message = Message(raw)
    found = ask(form, message).reading
    prefix = f"format {form.name}"
    return found, [defect[len(prefix) :].lstrip(": ") for defect in message.defects if defect.startswith(prefix)]


def _is_asked(form: Format, raw: bytes) -> bool:
    return form in Dispatcher((form,)).candidates(Signs.of(Message(raw)))


def _check_others(form: Format) -> Iterator[str]:
    for name, raw in ordinary_mail():
        found, errors = _run(form, raw)
        yield from (f"of other mail ({name}): {error}" for error in errors)
        if form.fingerprints and _is_asked(form, raw):
            yield f"the fingerprint fits other mail: {name}"
        elif found is not None and not form.fingerprints:
            yield f"other mail is read: {name}"
    shipped = Dispatcher(CATALOGUE)
    known = any(one.name == form.name for one in CATALOGUE)
    own = Dispatcher((form,))
    hits: list[Sample] = []
    for sample in known_reports():
        if form.fingerprints and _is_asked(form, sample.raw):
            hits.append(sample)
        if not known and gather(Message(sample.raw), shipped) != gather(Message(sample.raw), shipped, own):
            yield f"a known report is read in another way: {sample.name}"
    if len(hits) > _WIDE:
        yield f"the fingerprint fits {len(hits)} known reports: {', '.join(sample.name for sample in hits)}"
