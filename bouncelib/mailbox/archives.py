"""Compressed files (gzip, bzip2, xz) and archives (zip, tar) as streams: nothing is unpacked to the disk.

What comes out is held against what went in, so that a bomb is left when it shows, and memory is bounded whatever the
file asks for: of xz, by its own limit; of zip, by the methods that are read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import IO, Final, cast

from bouncelib.errors import SourceError
from bouncelib.mailbox.mail import Counted, Place, Readable, Reading, failure

_XZ_MEMORY: Final = 1 << 27
_BLOCK: Final = 1 << 16
_SPOOLED: Final = 1 << 24
_ZIP_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_ENCRYPTED: Final = 1
_LONGEST_NAME: Final = 4_096

DAMAGED: Final = (
    *(OSError, EOFError, ValueError, RuntimeError, ArithmeticError, LookupError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)
"""What the standard library raises for damaged files of these kinds; `NotImplementedError` is a `RuntimeError`."""
Member = tuple[str, Readable]
COMPRESSED: Final = frozenset({".gz", ".bz2", ".xz"})
ARCHIVES: Final = frozenset({".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz"})


class _Xz:
    """An xz file within a bound of memory, which `lzma.LZMAFile` does not have."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._decompressor = self._fresh()

    @staticmethod
    def _fresh() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes (a block, where that is negative); none at the end."""
        size = size if size >= 0 else _BLOCK
        while True:
            if self._decompressor.eof:
                rest = self._decompressor.unused_data.lstrip(b"\0") or self._file.read(_BLOCK).lstrip(b"\0")
                if not rest:
                    return b""
                self._decompressor = self._fresh()
            elif self._decompressor.needs_input:
                rest = self._file.read(_BLOCK)
                if not rest:
                    raise EOFError("cut short")
            else:
                rest = b""
            out = self._decompressor.decompress(rest, size)
            if out:
                return out


_DECOMPRESSORS: Final[Mapping[bytes, Callable[[Readable], Readable]]] = MappingProxyType(
    {
        b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=cast("IO[bytes]", file), mode="rb"),
        b"BZh": lambda file: bz2.BZ2File(cast("IO[bytes]", file)),
        b"\xfd7zXZ\0": _Xz,
    }
)


def decompressed(head: bytes, file: Readable, place: Place, reading: Reading) -> Readable | None:
    """Return what `file`, which begins with `head`, holds compressed, or None where it is not compressed."""
    opener = next((opener for magic, opener in _DECOMPRESSORS.items() if head.startswith(magic)), None)
    if opener is None:
        return None
    return _metered(opener(file), place, reading)


def _metered(file: Readable, place: Place, reading: Reading) -> Counted:
    return Counted(file, b"", partial(_gave, reading, place.origin))


def _gave(reading: Reading, origin: str, count: int) -> None:
    reading.meter.gave(count, origin)


def archive(head: bytes) -> Callable[[Readable, Place, Reading], Iterator[Member]] | None:
    """Return what yields the members of an archive that begins with `head`, or None where it is none."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip
    # POSIX and GNU alike.
    return _tar if head[257:262] == b"ustar" else None


def _tar(file: Readable, _place: Place, _reading: Reading) -> Iterator[Member]:
    with tarfile.open(fileobj=cast("IO[bytes]", file), mode="r|", errorlevel=2) as tar:
        for info in tar:
            # The module keeps all that it has seen.
            tar.members = []  # type: ignore[attr-defined]
            if info.isreg() and len(info.name) <= _LONGEST_NAME:
                member = tar.extractfile(info)
                if member is not None:
                    yield info.name, member


def _zip(file: Readable, place: Place, reading: Reading) -> Iterator[Member]:
    # The list of members stands at the end of the file.
    with tempfile.SpooledTemporaryFile(_SPOOLED) as spool:
        while block := file.read(_BLOCK):
            spool.write(block)
        with zipfile.ZipFile(cast("IO[bytes]", spool)) as whole:
            for info in whole.infolist():
                if info.is_dir():
                    continue
                try:
                    yield info.filename, _metered(_zip_member(whole, info), place, reading)
                except DAMAGED as error:
                    reading.fail(failure(f"{place.origin}!{info.filename}", error))


def _zip_member(whole: zipfile.ZipFile, info: zipfile.ZipInfo) -> Readable:
    if info.flag_bits & _ENCRYPTED:
        raise SourceError("encrypted")
    if info.compress_type not in _ZIP_METHODS:
        raise SourceError(f"compressed by method {info.compress_type}, which is not read")
    return whole.open(info)
