"""A mailbox on a server: against a small IMAP server of our own, which says what servers say."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import pytest

from bouncelib import SourceError, parse_many, read_imap

imap_tools = pytest.importorskip("imap_tools")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imap_tools import BaseMailBox

    from bouncelib import BounceReport

ONE = b"From: ann@library.example\r\nSubject: one\r\n\r\nFirst.\r\n"
TWO = b"From: jill@library.example\r\nSubject: two\r\n\r\n" + b"Second.\r\n" * 600_000


class Session(socketserver.StreamRequestHandler):
    """One client: enough of RFC 9051 to log in, to search and to fetch."""

    messages: ClassVar[dict[int, bytes]] = {}
    refused: ClassVar[set[int]] = set()
    uid_behind: ClassVar[bool] = False
    said: ClassVar[list[str]] = []

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self) -> None:
        self.say(b"* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.rstrip().partition(b" ")
            self.said.append(command.decode())
            name = command.upper()
            if name.startswith(b"CAPABILITY"):
                self.say(b"* CAPABILITY IMAP4rev1")
            elif name.startswith((b"SELECT", b"EXAMINE")):
                self.say(b"* %d EXISTS" % len(self.messages))
            elif name.startswith(b"UID SEARCH"):
                self.say(b"* SEARCH " + b" ".join(b"%d" % uid for uid in self.messages))
            elif name.startswith(b"UID FETCH") and not self.fetch(name):
                self.say(tag + b" NO that message is damaged")
                continue
            elif name.startswith(b"LOGOUT"):
                self.say(b"* BYE", tag + b" OK")
                return
            self.say(tag + b" OK done")

    def fetch(self, command: bytes) -> bool:
        uids = [int(uid) for uid in command.split()[2].split(b",")]
        most = re.search(rb"BODY\.PEEK\[\]<0\.(\d+)>", command)
        if most and self.refused.intersection(uids):
            return False
        for number, uid in enumerate(self.messages, 1):
            if uid not in uids:
                continue
            raw = self.messages[uid]
            if most is None:
                self.say(rb"* %d FETCH (UID %d RFC822.SIZE %d FLAGS (\Seen))" % (number, uid, len(raw)))
                continue
            piece = raw[: int(most[1])]
            before, behind = (b"", b" UID %d" % uid) if self.uid_behind else (b"UID %d " % uid, b"")
            self.wfile.write(
                b"* %d FETCH (%sBODY[]<0> {%d}\r\n" % (number, before, len(piece)) + piece + behind + b")\r\n"
            )
        # What servers say unasked.
        self.say(rb"* 1 FETCH (FLAGS (\Seen))")
        return True


@pytest.fixture(name="session")
def a_session() -> type[Session]:
    class Fresh(Session):
        messages: ClassVar[dict[int, bytes]] = {4: ONE, 9: TWO, 11: ONE}
        refused: ClassVar[set[int]] = set()
        said: ClassVar[list[str]] = []

    return Fresh


@pytest.fixture(name="box")
def a_box(session: type[Session]) -> Iterator[BaseMailBox]:
    with socketserver.TCPServer(("127.0.0.1", 0), session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with imap_tools.MailBoxUnencrypted("127.0.0.1", server.server_address[1]).login("ann", "secret") as box:
                yield box
        finally:
            server.shutdown()
            thread.join()


def test_messages_come_with_their_places(box: BaseMailBox) -> None:
    mails = list(read_imap(box))
    assert [mail.raw for mail in mails] == [ONE, TWO, ONE]
    assert mails[1].origin == "imap://127.0.0.1/INBOX/;UID=9"
    assert (mails[1].path, mails[1].key, mails[1].flags) == ("imap://127.0.0.1/INBOX", "9", ("\\Seen",))


def test_a_uid_behind_its_message_is_read(box: BaseMailBox, session: type[Session]) -> None:
    session.uid_behind = True
    assert [(mail.key, mail.raw) for mail in read_imap(box)] == [("4", ONE), ("9", TWO), ("11", ONE)]


def test_nothing_is_marked_as_seen(box: BaseMailBox, session: type[Session]) -> None:
    list(read_imap(box, "UNSEEN"))
    fetches = [command for command in session.said if "BODY" in command]
    assert fetches
    assert all("BODY.PEEK[]" in command for command in fetches)
    assert not any("STORE" in command for command in session.said)


def test_the_search_is_the_servers(box: BaseMailBox, session: type[Session]) -> None:
    list(read_imap(box, '(SUBJECT "failure")'))
    assert 'UID SEARCH (SUBJECT "failure")' in session.said


def test_a_message_that_the_server_does_not_give_costs_no_other(box: BaseMailBox, session: type[Session]) -> None:
    session.refused.add(4)
    errors: list[SourceError] = []
    assert [mail.key for mail in read_imap(box, on_error=errors.append)] == ["9", "11"]
    (error,) = errors
    assert str(error).startswith("imap://127.0.0.1/INBOX/;UID=4: the server does not give it")
    with pytest.raises(SourceError, match="UID=4"):
        list(read_imap(box))


def test_a_message_beyond_the_limit_is_cut(box: BaseMailBox) -> None:
    assert [mail.raw for mail in read_imap(box, limit=20)] == [ONE[:21], TWO[:21], ONE[:21]]


def test_a_lost_server_is_an_error_that_names_the_mailbox(box: BaseMailBox) -> None:
    mails = read_imap(box, limit=20)
    box.client.shutdown()
    try:
        with pytest.raises(SourceError, match="imap://127"):
            next(mails)
    finally:
        box.client.open("127.0.0.1", box.client.port)
        box.client.state = "AUTH"


def test_an_empty_folder_has_no_messages(box: BaseMailBox, session: type[Session]) -> None:
    session.messages.clear()
    assert list(read_imap(box)) == []


def test_messages_of_a_server_are_parsed_like_all_others(box: BaseMailBox) -> None:
    assert [str(parsed.report.kind) for parsed in parse_many(read_imap(box), workers=1) if parsed.report] == [
        "other"
    ] * 3


def test_the_recipe_in_the_documentation_runs(
    box: BaseMailBox, session: type[Session], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = re.search(r"```py\n(from imap_tools .*?)```", (root / "docs" / "sources.md").read_text("utf-8"), re.DOTALL)
    assert recipe is not None
    login = SimpleNamespace(login=lambda *_: nullcontext(box))
    monkeypatch.setattr(imap_tools, "MailBox", lambda _host: login)
    acted: list[BounceReport] = []
    exec(recipe[1], {"password": "secret", "act_on": acted.append})  # noqa: S102 - the documentation's own
    assert [str(report.kind) for report in acted] == ["other"] * 3
    stored = [command for command in session.said if "STORE" in command]
    assert [re.findall(r"\d+|Seen", command) for command in stored] == [[uid, "Seen"] for uid in ("4", "9", "11")]
