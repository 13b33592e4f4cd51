"""Many messages over several cores.

Messages travel to the workers in chunks, and each worker has one chunk at a time: nothing queues up that has no bound. What
comes back is a report a message, or what the caller's own function made of a chunk, which is much less to carry.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, overload

from attrs import frozen

from bouncelib.errors import BouncelibError, SourceError, WorkerError
from bouncelib.mailbox import Mail, read_mail
from bouncelib.parser import BounceParser, default_parser

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

    from bouncelib.model import BounceReport

__all__ = ["Parsed", "Progress", "parse_many"]

_T = TypeVar("_T")
Source = str | os.PathLike[str] | Mail | bytes
"""A path as `read_mail` takes it, a message that it yielded, or a raw message."""

_MOST_MESSAGES: Final = 256
_MOST_BYTES: Final = 1 << 21
_READY: Final = b"ready"
_PATIENCE: Final = 5.0
"""How long a worker that was told to end may take, in seconds."""


@frozen
class Parsed:
    """One message and what was made of it, or why nothing was."""

    origin: str
    """Where the message came from, as `Mail.origin` has it; empty for one that was given as bytes."""
    report: BounceReport | None
    error: BouncelibError | None = None
    """`SourceError` where something could not be read, `WorkerError` where the message ended the process that read it."""


class Progress(NamedTuple):
    """How far `parse_many` is."""

    messages: int
    """Those that are done, with what could not be read."""
    bytes: int
    """Their size."""


_Item = tuple[str, bytes | BouncelibError]
_Key = tuple[int, ...]


class _Task(NamedTuple):
    """A chunk on its way; a key sorts as the messages came."""

    key: _Key
    items: list[_Item]


@overload
def parse_many(
    sources: Iterable[Source] | Source,
    *,
    workers: int | None = None,
    parser: BounceParser | None = None,
    ordered: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Iterator[Parsed]: ...


@overload
def parse_many(
    sources: Iterable[Source] | Source,
    *,
    reduce: Callable[[Iterable[Parsed]], _T],
    workers: int | None = None,
    parser: BounceParser | None = None,
    ordered: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Iterator[_T]: ...


def parse_many(
    sources: Iterable[Source] | Source,
    *,
    reduce: Callable[[Iterable[Parsed]], Any] | None = None,
    workers: int | None = None,
    parser: BounceParser | None = None,
    ordered: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Iterator[Any]:
    """Return an iterator over what every message in `sources` says, as the answers come; in order where `ordered` is true.

    `sources` are paths as `read_mail` takes them, messages that it yielded, or raw messages. What cannot be read is an
    answer with an `error`, and the rest is read. `workers` is the number of processes, one a core by default; with 1,
    everything happens in this process. `reduce` is called in the worker with the `Parsed` of a chunk, and what it returns
    is yielded instead of them; it must be found by name, as everything that is pickled. `progress` is told after each chunk.

    A worker that dies is replaced; its messages are tried once more, each alone, and the one that kills again is an answer
    with a `WorkerError`. To close the iterator, or to interrupt it, ends all workers. Raises `ValueError` where `workers`
    is below 1, `WorkerError` where a worker cannot even start, and whatever `reduce` raises.
    """
    count = (os.cpu_count() or 1) if workers is None else workers
    if count < 1:
        raise ValueError(f"workers must be 1 or more, not {count}")
    if isinstance(sources, (str, bytes, os.PathLike, Mail)):
        sources = (sources,)
    parser = parser or default_parser()
    job = _Job(parser, reduce)
    chunks = _chunks(_items(sources, parser.limits.message_bytes))
    answers = _here(job, chunks) if count == 1 else _Crew(job, chunks, count).answers(ordered=ordered)
    return _told(answers, job, progress)


def _told(
    answers: Iterator[tuple[list[_Item], Any]], job: _Job, progress: Callable[[Progress], object] | None
) -> Iterator[Any]:
    messages = size = 0
    try:
        for items, answer in answers:
            if job.reduce is None:
                yield from answer
            else:
                yield answer
            if progress is not None:
                messages += len(items)
                size += sum(len(raw) for _, raw in items if isinstance(raw, bytes))
                progress(Progress(messages, size))
    finally:
        close = getattr(answers, "close", None)
        if close is not None:
            close()


def _items(sources: Iterable[Source], limit: int) -> Iterator[_Item]:
    """Yield each message with its origin, and each error in its place."""
    for source in sources:
        if isinstance(source, Mail):
            yield source.origin, source.raw
        elif isinstance(source, bytes):
            yield "", source
        else:
            yield from _mails(source, limit)


def _mails(path: str | os.PathLike[str], limit: int) -> Iterator[_Item]:
    failed: list[SourceError] = []
    name = os.fspath(path)
    try:
        for mail in read_mail(path, on_error=failed.append, limit=limit):
            yield from ((name, error) for error in failed)
            failed.clear()
            yield mail.origin, mail.raw
    except SourceError as error:
        failed.append(error)
    yield from ((name, error) for error in failed)


def _chunks(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    """Yield `items` in chunks; the first ones are small, so that answers come at once."""
    most = 1
    chunk: list[_Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item[1]) if isinstance(item[1], bytes) else 0
        if len(chunk) >= most or size >= _MOST_BYTES:
            yield chunk
            chunk, size = [], 0
            most = min(2 * most, _MOST_MESSAGES)
    if chunk:
        yield chunk


class _Job(NamedTuple):
    """What is done with a chunk, here or in a worker."""

    parser: BounceParser
    reduce: Callable[[Iterable[Parsed]], Any] | None

    def parsed(self, items: Iterable[_Item]) -> Iterator[Parsed]:
        """Yield what each of `items` says."""
        for origin, raw in items:
            if isinstance(raw, bytes):
                yield Parsed(origin, self.parser.parse(raw))
            else:
                yield Parsed(origin, None, raw)

    def done(self, items: Iterable[_Item]) -> Any:  # noqa: ANN401 - whatever the caller's function returns
        """Return the answer to a chunk."""
        return list(self.parsed(items)) if self.reduce is None else self.reduce(self.parsed(items))


def _here(job: _Job, chunks: Iterator[list[_Item]]) -> Iterator[tuple[list[_Item], Any]]:
    for items in chunks:
        yield items, job.done(items)


def _work(connection: Connection, job: _Job, others: Iterable[Connection]) -> None:
    """Answer chunks until there are no more: the life of a worker."""
    # A copy of the process has the other ends too: while they are open here, nobody sees the caller's process end.
    for other in others:
        other.close()
    # Ctrl-C goes to the whole group; whoever started the workers ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The caller's process may end at any time, and its end of the pipe with it, read to the last byte or not.
    with suppress(EOFError, ConnectionError):
        connection.send_bytes(_READY)
        while True:
            connection.send_bytes(_answer(job, connection.recv_bytes()))


def _answer(job: _Job, chunk: bytes) -> bytes:
    try:
        items = pickle.loads(chunk)  # noqa: S301 - from the process that started this one
        return pickle.dumps((job.done(items), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the caller's function raises it again in the caller's process
        return _raised(error)


def _raised(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # noqa: S301 - ours; many an exception can be written and not read
    except Exception:  # noqa: BLE001
        return pickle.dumps((None, WorkerError(f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)
    return answer


class _Worker:
    """One process, and the chunk that it has."""

    __slots__ = ("connection", "process", "task")

    def __init__(self, context: BaseContext, job: _Job, others: Iterable[_Worker]) -> None:
        """Start it; `others` are those that run."""
        self.connection, theirs = context.Pipe()
        copied = context.get_start_method() == "fork"
        ends = [self.connection, *(other.connection for other in others)] if copied else []
        process = context.Process(target=_work, args=(theirs, job, ends), daemon=True)  # type: ignore[attr-defined]
        self.process: BaseProcess = process
        self.process.start()
        theirs.close()
        self.task: _Task | None = None

    def give(self, task: _Task) -> None:
        """Send the chunk of `task`; that the worker is dead shows when its answer is waited for."""
        self.task = task
        try:
            self.connection.send_bytes(pickle.dumps(task.items, pickle.HIGHEST_PROTOCOL))
        except OSError:
            return

    def end(self) -> int | None:
        """End the process and return its exit code."""
        self.connection.close()
        self.process.join(0)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


class _Crew:
    """The workers of one call, and what is on its way."""

    def __init__(self, job: _Job, chunks: Iterator[list[_Item]], count: int) -> None:
        self._job = job
        self._count = count
        self._context = get_context()
        self._chunks = enumerate(chunks)
        self._again: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._proven = False
        """Whether any worker has started: then whatever ends one is no fault of the job's."""
        self._order: deque[_Key] = deque()
        """The keys of what was sent and not yet yielded."""
        self._waiting: dict[_Key, tuple[list[_Item], Any]] = {}
        """Answers that came before their turn."""

    def answers(self, *, ordered: bool) -> Iterator[tuple[list[_Item], Any]]:
        """Yield each chunk with its answer."""
        try:
            upcoming = self._next()
            while upcoming or any(worker.task for worker in self._workers):
                upcoming = self._hand_out(upcoming, ordered=ordered)
                for worker in self._heard():
                    message = self._message(worker)
                    if message == _READY:
                        continue
                    task, worker.task = worker.task, None
                    if message is None:
                        self._mourn(worker, task)
                        upcoming = upcoming or self._next()
                    elif task:
                        # The next chunk goes out before this answer is unpacked.
                        upcoming = self._hand_out(upcoming, ordered=ordered)
                        self._waiting[task.key] = (task.items, _unpacked(message))
                    yield from self._due(ordered=ordered)
        finally:
            for worker in self._workers:
                worker.end()

    def _next(self) -> _Task | None:
        if self._again:
            return self._again.popleft()
        number, items = next(self._chunks, (0, None))
        if items is None:
            return None
        task = _Task((number,), items)
        self._order.append(task.key)
        return task

    def _hand_out(self, task: _Task | None, *, ordered: bool) -> _Task | None:
        """Give `task` and those behind it to workers that have none; return the first that nobody may take yet, or None."""
        while task and not (ordered and self._is_far_ahead(task)):
            idle = next((worker for worker in self._workers if worker.task is None), None)
            if idle is None:
                if len(self._workers) >= self._count:
                    break
                idle = _Worker(self._context, self._job, self._workers)
                self._workers.append(idle)
            idle.give(task)
            task = self._next()
        return task

    def _is_far_ahead(self, task: _Task) -> bool:
        """Return whether so many answers wait for an earlier one that `task` must wait too."""
        return len(self._waiting) > 4 * self._count and len(task.key) == 1 and task.key != self._order[0]

    def _heard(self) -> list[_Worker]:
        ready = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in ready]

    def _message(self, worker: _Worker) -> bytes | None:
        """Return what `worker` says, or None where it is dead."""
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, OSError):
            if not self._proven:
                code = worker.end()
                raise WorkerError(f"a worker process could not start: exit code {code}") from None
            return None
        self._proven = True
        return message

    def _mourn(self, worker: _Worker, task: _Task | None) -> None:
        """Leave `worker` out; what it had is tried again message by message, or given up where it was alone."""
        code = worker.end()
        self._workers.remove(worker)
        if task is None:
            return
        if len(task.key) > 1:
            origin = task.items[0][0]
            error = WorkerError(f"{origin or 'a message'}: the process that read it died: exit code {code}")
            self._waiting[task.key] = (task.items, self._job.done([(origin, error)]))
            return
        alone = [_Task((*task.key, place), [item]) for place, item in enumerate(task.items)]
        self._again.extend(alone)
        place = self._order.index(task.key)
        self._order.remove(task.key)
        for one in reversed(alone):
            self._order.insert(place, one.key)

    def _due(self, *, ordered: bool) -> Iterator[tuple[list[_Item], Any]]:
        """Yield the answers whose turn it is."""
        if not ordered:
            for key in list(self._waiting):
                self._order.remove(key)
                yield self._waiting.pop(key)
            return
        while self._order and self._order[0] in self._waiting:
            yield self._waiting.pop(self._order.popleft())


def _unpacked(message: bytes) -> Any:  # noqa: ANN401 - whatever the caller's function returned
    answer, error = pickle.loads(message)  # noqa: S301 - from a process that this one started
    if error is not None:
        raise error
    return answer
