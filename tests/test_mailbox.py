"""Messages out of all that holds messages: where each came from, what is in it, what is not split and not unquoted."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mailbox
import os
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import parse_bounce
from bouncelib.errors import SourceError
from bouncelib.mailbox import Mail, read_mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FROM = b"From MAILER-DAEMON Mon Jan  5 09:30:00 2026\n"
ONE = b"From: ann@library.example\nSubject: one\n\nFirst.\n"
TWO = b"From: jill@library.example\nSubject: two\n\nSecond.\n"


class Pipe(io.BytesIO):
    """Standard input that is a pipe: it cannot go back."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("a pipe")

    tell = seek


def raws(path: Path) -> list[bytes]:
    return [mail.raw for mail in read_mail(path)]


def mbox(tmp_path: Path, raw: bytes) -> list[bytes]:
    file = tmp_path / "inbox"
    file.write_bytes(raw)
    found = raws(file)
    # A pipe gives the same, but for Content-Length.
    if b"content-length" not in raw.lower():
        assert [mail.raw for mail in read_mail("-", stdin=Pipe(raw))] == found
    return found


def test_a_file_is_one_message_byte_for_byte(tmp_path: Path) -> None:
    raw = ONE.replace(b"\n", b"\r\n") + b"\xff\0"
    file = tmp_path / "message"
    file.write_bytes(raw)
    assert list(read_mail(file)) == [Mail(str(file), raw, str(file))]


def test_standard_input_is_one_message_or_an_mbox() -> None:
    assert list(read_mail("-", stdin=Pipe(ONE))) == [Mail("-", ONE, "-")]
    second = 2 * len(FROM) + len(ONE) + 1
    assert list(read_mail("-", stdin=Pipe(FROM + ONE + b"\n" + FROM + TWO))) == [
        Mail("-#1", ONE, "-", len(FROM), "1"),
        Mail("-#2", TWO, "-", second, "2"),
    ]


@pytest.mark.parametrize(
    "separator",
    [
        FROM,
        b"From ann@library.example  Mon Jan 15 09:30:00 2026\n",
        b"From - Mon Jan 05 09:30:00 2026\n",
        b"From ann@library.example Mon Jan  5 09:30 2026\n",
        b"From 1587@xxx Mon Jan 05 09:30:00 +0000 2026\n",
        b"From ann@library.example Mon, 5 Jan 2026 09:30:00 +0100\n",
        b"From ann at library.example  Mon Jan  5 09:30:00 2026 remote from store\n",
        b"From ann@library.example 2026-01-05T09:30:00+00:00\n",
        b'From "ann smith"@library.example Mon Jan  5 09:30:00 2026\r\n',
    ],
)
def test_an_mbox_is_split_at_separators_of_many_programs(tmp_path: Path, separator: bytes) -> None:
    assert mbox(tmp_path, separator + ONE + b"\n" + separator + TWO + b"\n") == [ONE, TWO]


def test_each_message_of_an_mbox_has_its_number(tmp_path: Path) -> None:
    file = tmp_path / "inbox"
    file.write_bytes(b"\n\n" + FROM + ONE + b"\n" + FROM + TWO + b"\n")
    assert [mail.origin for mail in read_mail(file)] == [f"{file}#1", f"{file}#2"]


def test_an_mbox_with_crlf_is_split(tmp_path: Path) -> None:
    raw = (FROM + ONE + b"\n" + FROM + TWO).replace(b"\n", b"\r\n")
    assert mbox(tmp_path, raw) == [ONE.replace(b"\n", b"\r\n"), TWO.replace(b"\n", b"\r\n")]


@pytest.mark.parametrize(
    "line",
    [
        b"From Monday on we close at 5.\n",
        b"From 2026-01-05 we close.\n",
        b"From: ann Mon Jan  5 09:30:00 2026\n",
        # Dated, but no header follows.
        FROM + b"that is what the log says\n",
        FROM,
    ],
)
def test_a_body_line_that_begins_with_from_splits_nothing(tmp_path: Path, line: bytes) -> None:
    whole = ONE + b"\n" + line + b"\nMore.\n"
    assert mbox(tmp_path, FROM + whole + b"\n" + FROM + TWO) == [whole, TWO]


def test_a_separator_needs_a_blank_line_before_it(tmp_path: Path) -> None:
    whole = ONE + FROM + TWO
    assert mbox(tmp_path, FROM + whole) == [whole]


def test_an_eml_file_is_one_message_whatever_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "one.eml"
    file.write_bytes(FROM + ONE + b"\n" + FROM + TWO)
    assert raws(file) == [FROM + ONE + b"\n" + FROM + TWO]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\n" + ONE])
def test_an_eml_file_is_a_message_even_if_it_is_empty(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "one.eml"
    file.write_bytes(raw)
    assert raws(file) == raws(tmp_path) == [raw]


def test_quoted_from_lines_lose_one_mark(tmp_path: Path) -> None:
    body = b"Subject: s\n\n>From here\n>>From there\n> From afar\nnot >From within\n"
    plain = b"Subject: s\n\nFrom here\n>From there\n> From afar\nnot >From within\n"
    assert mbox(tmp_path, FROM + body + b"\n" + FROM + TWO) == [plain, TWO]


def test_where_a_bare_from_line_shows_that_nothing_is_quoted_the_marks_stay(tmp_path: Path) -> None:
    body = b"Subject: s\n\nFrom here\n>From the author\n"
    assert mbox(tmp_path, FROM + body + b"\n" + FROM + TWO) == [body, TWO]


def test_content_length_is_believed_where_a_message_ends_there(tmp_path: Path) -> None:
    body = b"Text.\n\n" + FROM + TWO + b"\nEnd.\n"
    one = b"Subject: s\nContent-Length: %d\n\n%s" % (len(body), body)
    assert mbox(tmp_path, FROM + one + b"\n" + FROM + TWO) == [one, TWO]
    assert mbox(tmp_path, FROM + one) == [one]


@pytest.mark.parametrize("length", [b"3", b"9999999", b"x", b"-1"])
def test_a_content_length_that_leads_nowhere_is_not_believed(tmp_path: Path, length: bytes) -> None:
    one = b"Subject: s\nContent-Length: %s\n\nText.\n" % length
    assert mbox(tmp_path, FROM + one + b"\n" + FROM + TWO) == [one, TWO]


@given(st.lists(st.text("From >:\n aM\r", max_size=60), min_size=1, max_size=5))
def test_what_the_standard_library_writes_comes_back(bodies: list[str]) -> None:
    # Its mbox quotes as mboxo does; bodies whose own quoting makes that ambiguous are left out.
    written = [f"Subject: s\n\n{body}\n".encode() for body in bodies if ">From " not in body and "\r" not in body]
    raw = b"".join(FROM + mail.replace(b"\nFrom ", b"\n>From ") + b"\n" for mail in written)
    if written:
        assert [mail.raw for mail in read_mail("-", stdin=io.BytesIO(raw))] == written


def test_an_mbox_of_the_standard_library_is_read(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box", create=True)
    for raw in (ONE, TWO):
        box.add(raw)
    box.close()
    assert raws(tmp_path / "box") == [ONE, TWO]


def test_an_mbox_is_streamed() -> None:
    class Endless(Pipe):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size > 0
            block = super().read(size)
            if not block:
                super().__init__(FROM + ONE + b"\n")
                block = super().read(size)
            return block

    mails = read_mail("-", stdin=Endless())
    assert [next(mails).origin for _ in range(3)] == ["-#1", "-#2", "-#3"]


def maildir(path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    (path / "cur" / "1.a.host:2,S").write_bytes(ONE)
    (path / "new" / "2.b.host").write_bytes(TWO)
    (path / "tmp" / "3.c.host").write_bytes(b"Subject: unfinished\n\n")
    (path / "dovecot-uidlist").write_bytes(b"3 V1 N2\n")
    return path


def test_a_maildir_gives_new_and_cur_and_its_folders(tmp_path: Path) -> None:
    top = maildir(tmp_path / "Maildir")
    maildir(top / ".Sent")
    assert raws(top) == [TWO, ONE, TWO, ONE]


def test_a_message_that_moves_while_the_maildir_is_read_comes_once(tmp_path: Path) -> None:
    top = maildir(tmp_path)
    (top / "new" / "4.d.host").write_bytes(TWO)
    mails = read_mail(top)
    assert next(mails).origin.endswith("2.b.host")
    (top / "new" / "2.b.host").rename(top / "cur" / "2.b.host:2,S")
    (top / "new" / "4.d.host").rename(top / "cur" / "4.d.host:2,S")
    assert [mail.origin.rpartition("/")[2] for mail in mails] == ["4.d.host:2,S", "1.a.host:2,S"]


def test_a_message_that_vanishes_from_a_maildir_is_no_error(tmp_path: Path) -> None:
    top = maildir(tmp_path)
    mails = read_mail(top)
    assert next(mails).raw == TWO
    (top / "cur" / "1.a.host:2,S").unlink()
    assert list(mails) == []


def test_a_folder_gives_what_looks_like_mail_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    for name, raw in {
        "b.eml": ONE,
        "a.mbox": FROM + TWO,
        "12": ONE,
        "1700.M1.host:2,S": TWO,
        "box": FROM + ONE + b"\n" + FROM + TWO,
        "sub/c.EML": b"no header at all",
        # None of these is mail.
        "README.md": b"# From: ann\nTo: jill\n",
        "x.json": b"{}",
        "notes.yaml": b"title: x\nfrom: y\n",
        "empty.txt": b"",
        ".hidden.eml": ONE,
        ".git/d.eml": ONE,
    }.items():
        (tmp_path / name).write_bytes(raw)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = [mail.origin.removeprefix(f"{tmp_path}/") for mail in read_mail(tmp_path)]
    assert found == ["12", "1700.M1.host:2,S", "a.mbox#1", "b.eml", "box#1", "box#2", "sub/c.EML"]


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(ONE)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert raws(tmp_path) == [ONE]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "No such file or directory"),
        (lambda path: path.mkdir(), "a folder without messages"),
        (lambda path: path.write_bytes(b""), "no message in it"),
        (lambda path: path.write_bytes(b"\n\n"), "no message in it"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "File is not a zip file"),
        (lambda path: path.write_bytes(gzip.compress(b"")), "no message in it"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "it"
    assert callable(make)
    make(path)
    with pytest.raises(SourceError) as caught:
        list(read_mail(path))
    assert str(caught.value) == f"{path}: {says}"


def test_a_path_that_can_be_none_is_named() -> None:
    with pytest.raises(SourceError, match="null"):
        list(read_mail("a\0b"))


def test_a_damaged_member_of_a_folder_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"\x1f\x8b\x08")
    (tmp_path / "b.eml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "c.eml").write_bytes(ONE)
    errors: list[SourceError] = []
    assert [mail.raw for mail in read_mail(tmp_path, on_error=errors.append)] == [ONE]
    assert [str(error).partition(": ")[0] for error in errors] == [f"{tmp_path}/a.eml", f"{tmp_path}/b.eml"]
    assert str(errors[1]) == f"{tmp_path}/b.eml: No such file or directory"
    with pytest.raises(SourceError, match=r"a\.eml"):
        list(read_mail(tmp_path))


def test_a_folder_of_damaged_members_only_is_not_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"\x1f\x8b\x08")
    errors: list[SourceError] = []
    assert list(read_mail(tmp_path, on_error=errors.append)) == []
    assert len(errors) == 1


def test_the_messages_of_a_maildir_have_their_names_and_flags(tmp_path: Path) -> None:
    mails = list(read_mail(maildir(tmp_path)))
    assert [(mail.key, mail.flags) for mail in mails] == [("2.b.host", ()), ("1.a.host", ("S",))]


def test_an_mh_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", ",8", ".mh_sequences"):
        (tmp_path / name).write_bytes(b"no header: " + name.encode())
    assert [mail.key for mail in read_mail(tmp_path)] == ["9", "10"]


@pytest.mark.parametrize("cut", [100, 300_000, 700_000])
def test_a_message_beyond_the_limit_is_cut_and_the_next_one_is_read(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "inbox"
    long = ONE + b"A line of some length.\n" * 50_000
    file.write_bytes(FROM + long + b"\n" + FROM + TWO)
    found = list(read_mail(file, limit=cut))
    assert [mail.raw for mail in found] == [long[: cut + 1], TWO]
    assert file.read_bytes()[found[1].offset :] == TWO


def test_the_parser_says_what_it_cut() -> None:
    from bouncelib import BounceParser, Limits

    report = BounceParser(limits=Limits(message_bytes=10)).parse(ONE)
    assert "message cut at 10 bytes" in report.defects
    assert not parse_bounce(ONE).defects


BOX = FROM + ONE + b"\n" + FROM + TWO
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_what_is_compressed_is_read_as_if_it_were_not(tmp_path: Path, suffix: str) -> None:
    pack = COMPRESSORS[suffix]
    (tmp_path / f"a.{suffix}").write_bytes(pack(BOX))
    # Two streams in one file are what appending makes.
    (tmp_path / f"b.{suffix}").write_bytes(pack(BOX[:100]) + pack(BOX[100:]))
    (tmp_path / f"c.eml.{suffix}").write_bytes(pack(BOX))
    (tmp_path / f"d.txt.{suffix}").write_bytes(pack(b"no mail"))
    assert raws(tmp_path) == [ONE, TWO, ONE, TWO, BOX]
    assert [mail.raw for mail in read_mail("-", stdin=Pipe(pack(BOX)))] == [ONE, TWO]


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_what_is_cut_short_gives_what_came_before_and_an_error(tmp_path: Path, suffix: str) -> None:
    whole = b"".join(FROM + ONE + os.urandom(900).hex().encode() + b"\n\n" for _ in range(2_000))
    file = tmp_path / f"a.mbox.{suffix}"
    file.write_bytes(COMPRESSORS[suffix](whole)[:-5_000])
    found = []

    def read() -> None:
        for mail in read_mail(file):
            found.append(mail)  # noqa: PERF402 - what came before the error is kept

    with pytest.raises(SourceError, match=r"a\.mbox"):
        read()
    assert 1_000 < len(found) < 2_000


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, raw in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return path


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_the_members_of_an_archive_have_their_places(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], Path], name: str
) -> None:
    members = {
        "in/box": BOX,
        "in/one.eml": b"x",
        "README": b"no mail",
        "in/.hidden": ONE,
        "list.gz": gzip.compress(ONE),
    }
    top = pack(tmp_path / name, members)
    assert [(mail.origin, mail.key, mail.raw) for mail in read_mail(top)] == [
        (f"{top}!in/box#1", "in/box#1", ONE),
        (f"{top}!in/box#2", "in/box#2", TWO),
        (f"{top}!in/one.eml", "in/one.eml", b"x"),
        (f"{top}!list.gz", "list.gz", ONE),
    ]
    assert [mail.raw for mail in read_mail("-", stdin=Pipe(top.read_bytes()))] == [ONE, TWO, b"x", ONE]


def test_a_damaged_member_of_an_archive_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    top = zipped(tmp_path / "a.zip", {"a.eml": ONE * 50, "b.eml": TWO})
    raw = bytearray(top.read_bytes())
    raw[40:60] = b"\xff" * 20
    top.write_bytes(raw)
    errors: list[SourceError] = []
    assert [mail.raw for mail in read_mail(top, on_error=errors.append)] == [TWO]
    assert [str(error).partition(": ")[0] for error in errors] == [f"{top}!a.eml"]


def test_an_archive_without_mail_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="an archive without messages"):
        list(read_mail(zipped(tmp_path / "a.zip", {"README": b"x"})))


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_bomb_is_left_when_it_shows(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "bomb"
    file.write_bytes(pack(b"a" * 200_000_000))
    with pytest.raises(SourceError, match="expands to more than"):
        list(read_mail(file))


def test_archives_in_each_other_end(tmp_path: Path) -> None:
    raw = ONE
    for _ in range(6):
        raw = gzip.compress(raw)
    file = tmp_path / "deep.gz"
    file.write_bytes(raw)
    with pytest.raises(SourceError, match="more than 4 archives"):
        list(read_mail(file))


def test_an_outlook_file_names_the_extra_that_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.msg"
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    monkeypatch.setitem(sys.modules, "extract_msg", None)
    with pytest.raises(SourceError, match=r"bouncelib\[msg\]"):
        list(read_mail(file))
