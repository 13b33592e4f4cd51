"""Many messages over several processes: every one answered, none lost, whatever becomes of a worker."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bouncelib import BounceParser, SourceError, WorkerError, batch, parse_bounce, parse_many
from bouncelib.batch import Parsed, Progress
from bouncelib.mailbox import Mail
from bouncelib.model import Evidence, Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable

WORKERS = pytest.mark.parametrize("workers", [1, 2])


@pytest.fixture(scope="module")
def mails(root: Path) -> list[Mail]:
    files = sorted((root / "fixtures").glob("*/*.eml"))[:150]
    return [Mail(str(file), file.read_bytes()) for file in files]


def kinds(answers: Iterable[Parsed]) -> Counter[str]:
    return Counter(one.report.kind for one in answers if one.report)


def no_children() -> bool:
    end = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.01)
    return not multiprocessing.active_children()


@WORKERS
def test_every_message_gets_the_answer_that_it_gets_alone(mails: list[Mail], workers: int) -> None:
    answers = {one.origin: one for one in parse_many(mails, workers=workers)}
    assert answers == {mail.origin: Parsed(mail.origin, parse_bounce(mail.raw)) for mail in mails}
    assert no_children()


@WORKERS
def test_answers_keep_the_order_on_request(mails: list[Mail], workers: int) -> None:
    assert [one.origin for one in parse_many(mails, workers=workers, ordered=True)] == [mail.origin for mail in mails]


@WORKERS
def test_paths_and_raw_messages_are_sources_too(mails: list[Mail], tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    for number, mail in enumerate(mails[:3]):
        (folder / f"{number}.eml").write_bytes(mail.raw)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    sources: list[batch.Source] = [folder, mails[3].raw, str(tmp_path / "broken.zip"), tmp_path / "absent", mails[4]]
    answers = list(parse_many(sources, workers=workers, ordered=True))
    assert [one.origin for one in answers] == [
        *(str(folder / f"{number}.eml") for number in range(3)),
        "",
        str(tmp_path / "broken.zip"),
        str(tmp_path / "absent"),
        mails[4].origin,
    ]
    assert [type(one.error) for one in answers] == [type(None)] * 4 + [SourceError] * 2 + [type(None)]
    assert [one.report is None for one in answers] == [False] * 4 + [True] * 2 + [False]


def test_one_source_needs_no_list(mails: list[Mail]) -> None:
    assert [one.report for one in parse_many(mails[0].raw, workers=1)] == [parse_bounce(mails[0].raw)]
    assert [one.report for one in parse_many(Path(mails[0].origin), workers=1)] == [parse_bounce(mails[0].raw)]


@WORKERS
def test_workers_may_reduce(mails: list[Mail], workers: int) -> None:
    parts = list(parse_many(mails, workers=workers, reduce=kinds))
    assert 1 < len(parts) < len(mails)
    assert sum(parts, Counter()) == Counter(parse_bounce(mail.raw).kind for mail in mails)


@WORKERS
def test_progress_is_told_and_ends_with_all(mails: list[Mail], workers: int) -> None:
    seen: list[Progress] = []
    assert len(list(parse_many(mails, workers=workers, progress=seen.append))) == len(mails)
    assert seen == sorted(seen)
    assert seen[-1] == Progress(len(mails), sum(len(mail.raw) for mail in mails))


def test_the_first_answer_does_not_wait_for_the_last_message(mails: list[Mail]) -> None:
    read = 0

    def endless() -> Iterable[Mail]:
        nonlocal read
        while True:
            read += 1
            yield mails[read % len(mails)]

    answers = parse_many(endless(), workers=2)
    assert isinstance(next(answers), Parsed)
    answers.close()  # type: ignore[attr-defined]
    assert read < 1000
    assert no_children()


def test_what_waits_for_its_turn_is_bounded(mails: list[Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    """One slow message holds the others up, and not all of the source is read meanwhile."""
    monkeypatch.setattr(batch, "_MOST_MESSAGES", 1)
    read = 0

    def counted() -> Iterable[Mail]:
        nonlocal read
        for mail in [Mail("slow", b"sleep"), *mails]:
            read += 1
            yield mail

    answers = parse_many(counted(), workers=2, parser=Slow(), ordered=True)
    assert next(answers).origin == "slow"
    assert read < 30
    assert [one.origin for one in answers] == [mail.origin for mail in mails]


class Slow(BounceParser):
    def parse(self, raw: object) -> object:  # type: ignore[override]
        if raw == b"sleep":
            time.sleep(0.5)
            raw = b""
        return super().parse(raw)  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[type[Slow], tuple[()]]:  # type: ignore[override]
        return Slow, ()


class Deadly(BounceParser):
    """Ends its process at one message always, at another in company only."""

    alone = True

    def parse(self, raw: object) -> object:  # type: ignore[override]
        if raw == b"deadly":
            os._exit(3)
        return super().parse(raw)  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[type[Deadly], tuple[()]]:  # type: ignore[override]
        return Deadly, ()


@pytest.mark.parametrize("ordered", [False, True])
def test_a_message_that_kills_its_worker_is_reported_and_takes_no_other_along(mails: list[Mail], ordered: bool) -> None:
    sources = [*mails[:70], Mail("bad-1", b"deadly"), *mails[70:80], Mail("bad-2", b"deadly"), *mails[80:]]
    answers = list(parse_many(sources, workers=2, parser=Deadly(), ordered=ordered))
    assert sorted(one.origin for one in answers) == sorted(mail.origin for mail in sources)
    if ordered:
        assert [one.origin for one in answers] == [mail.origin for mail in sources]
    bad = {one.origin: one for one in answers if one.error}
    assert sorted(bad) == ["bad-1", "bad-2"]
    assert isinstance(bad["bad-1"].error, WorkerError)
    assert str(bad["bad-1"].error) == "bad-1: the process that read it died: exit code 3"
    assert no_children()


def test_a_killed_worker_is_replaced_and_its_messages_are_tried_again(mails: list[Mail]) -> None:
    answers = parse_many(mails * 3, workers=2)
    got = [next(answers)]
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)
    got += answers
    assert Counter(one.origin for one in got) == Counter(mail.origin for mail in mails * 3)
    assert not [one for one in got if one.error]


class Unborn(BounceParser):
    def __reduce__(self) -> tuple[object, tuple[int]]:  # type: ignore[override]
        return os._exit, (7,)


def test_a_worker_that_cannot_start_is_an_error(mails: list[Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    # Only a new interpreter has the parser pickled.
    monkeypatch.setattr(batch, "get_context", lambda: multiprocessing.get_context("spawn"))
    with pytest.raises(WorkerError, match="could not start: exit code 7"):
        list(parse_many(mails, workers=2, parser=Unborn()))
    assert no_children()


def test_new_interpreters_do_as_well_as_copies(mails: list[Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "get_context", lambda: multiprocessing.get_context("spawn"))
    answers = parse_many(mails[:20], workers=2, parser=BounceParser(plugins=False), ordered=True)
    assert [one.report for one in answers] == [parse_bounce(mail.raw) for mail in mails[:20]]


class Two(Exception):  # noqa: N818 - an exception that cannot be read back
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one, other)
        self.one, self.other = one, other

    def __reduce__(self) -> tuple[type[Two], tuple[str]]:
        return Two, (self.one,)


def fails(answers: Iterable[Parsed]) -> None:
    raise KeyError(len(list(answers)))


def fails_oddly(answers: Iterable[Parsed]) -> None:
    raise Two("odd", str(len(list(answers))))


@WORKERS
def test_what_the_reducing_function_raises_is_raised(mails: list[Mail], workers: int) -> None:
    with pytest.raises(KeyError):
        list(parse_many(mails, workers=workers, reduce=fails))
    assert no_children()


def test_an_exception_that_cannot_travel_is_told_in_words(mails: list[Mail]) -> None:
    with pytest.raises(WorkerError, match="Two: "):
        list(parse_many(mails, workers=2, reduce=fails_oddly))


def test_a_wrong_number_of_workers_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="workers must be 1 or more, not 0"):
        parse_many([], workers=0)


@WORKERS
def test_nothing_comes_of_nothing(workers: int) -> None:
    assert list(parse_many([], workers=workers)) == []


SCRIPT = """
import signal, sys
# Whoever runs the tests in the background has it ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
from bouncelib import parse_many

def endless():
    while True:
        yield b"Subject: one\\n\\n"

if __name__ == "__main__":
    try:
        for number, _ in enumerate(parse_many(endless(), workers=2)):
            if number == 200:
                print("going", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, package: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    process.kill()
    # The workers have the same standard output: it ends when they have ended.
    assert process.communicate(timeout=60)[0] == ""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_an_interrupt_ends_all_processes_and_prints_no_traceback(tmp_path: Path, package: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "interrupted\n", "")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.skipif(os.name == "nt", reason="the pipe is another thing there")
def test_a_worker_ends_in_silence_where_its_caller_left_an_answer_unread() -> None:
    ours, theirs = multiprocessing.Pipe()
    life = batch._work  # noqa: SLF001 - what a worker does cannot be timed from outside
    worker = multiprocessing.get_context("fork").Process(target=life, args=(theirs, None, [ours]))
    worker.start()
    theirs.close()
    # It is ready, and says so to nobody: on a Unix socket, what it asks for next is refused.
    assert ours.poll(60)
    ours.close()
    worker.join(60)
    assert worker.exitcode == 0


def test_a_report_comes_back_equal_from_a_pickle(mails: list[Mail]) -> None:
    for mail in mails:
        report = parse_bounce(mail.raw)
        again = pickle.loads(pickle.dumps(report))  # noqa: S301 - ours
        assert again == report
        assert again.to_dict() == report.to_dict()
        for one in again.recipients:
            assert isinstance(one.evidence, Evidence)
            assert isinstance(one.judgement, Judgement)
