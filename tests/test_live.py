"""A round trip with real servers, set up as docs/postfix.md and docs/exim.md say, and the program of those pages by itself.

fixtures/servers/stage.sh installs the server on a copy of the machine in memory; without root, namespaces or Debian's packages
there is nothing to test, and the reason is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from mailbox import Maildir
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "docs" / "examples" / "read-bounces"
BOUNCE = ROOT / "fixtures" / "textbook" / "refused-in-session-postfix.eml"
CANNOT = 3


def noted(store: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (store / "bounces.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def play(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    def run(server: str) -> Path:
        output = tmp_path_factory.mktemp(server)
        site = sysconfig.get_path("purelib")
        done = subprocess.run(
            ["sh", str(ROOT / "fixtures/servers/stage.sh"), str(ROOT / "tests/live" / server), str(output)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={
                **os.environ,
                "docs": str(ROOT / "docs"),
                "LIVE_PYTHON": sys.executable,
                "LIVE_SITE": site,
                "LIVE_PACKAGE": str(package),
                "BOUNCELIB_ALSO": f"{ROOT / 'docs'} {package} {site} {sys.prefix} {sys.base_prefix}",
            },
        )
        if done.returncode == CANNOT:
            pytest.skip(done.stderr.strip().rpartition("\n")[2])
        # What the servers' scripts waited for in vain: the program, or an empty queue.
        failed = output / "failed"
        assert not failed.exists(), failed.read_text(encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return output

    return run


def recipient(name: str, verdict: str, reason: str, advice: str) -> dict[str, str]:
    return {"address": name, "verdict": verdict, "reason": reason, "advice": advice}


UNKNOWN = {
    "subscriber": "ann@acer.library.example",
    "kind": "bounce",
    "recipients": [recipient("ann@acer.library.example", "hard", "unknown_user", "suppress")],
}
FULL = {
    "subscriber": "cat@ash.library.example",
    "kind": "bounce",
    "recipients": [recipient("cat@ash.library.example", "soft", "mailbox_full", "count")],
}
BARE = {
    "subscriber": "ben@alder.library.example",
    "kind": "bounce",
    "recipients": [recipient("ben@alder.library.example", "hard", "unknown_user", "suppress")],
}


@pytest.mark.live
@pytest.mark.parametrize(("server", "wanted"), [("postfix", [UNKNOWN, FULL, BARE]), ("exim", [UNKNOWN, FULL])])
def test_a_bounce_comes_back_to_the_program(server: str, wanted: list[dict[str, Any]], play: Any) -> None:
    output = play(server)
    # The second one came while the program could not run, and again while it could not write.
    assert noted(output) == wanted
    assert len((output / "others").read_text(encoding="utf-8").split()) == 1


def run(store: Path, raw: bytes, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        input=raw,
        capture_output=True,
        check=False,
        env={**os.environ, "BOUNCES": str(store), **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["news@store.example", "news+jill=shop.example@store.example"], {}),
        (["news@store.example"], {"ORIGINAL_RECIPIENT": "news+jill=shop.example@store.example", "RECIPIENT": "desk"}),
        (["news@store.example"], {"RECIPIENT": "news+jill=shop.example@store.example"}),
    ],
    ids=["command line", "Postfix", "Exim"],
)
def test_the_program_notes_whom_the_message_went_to(
    arguments: list[str], environment: dict[str, str], tmp_path: Path, package: Path
) -> None:
    done = run(tmp_path, BOUNCE.read_bytes(), *arguments, PYTHONPATH=str(package.parent), **environment)
    assert (done.returncode, done.stdout) == (0, b"")
    jill = recipient("jill@library.example", "hard", "unknown_user", "suppress")
    assert noted(tmp_path) == [{"subscriber": "jill@shop.example", "kind": "bounce", "recipients": [jill]}]


def test_the_program_keeps_a_letter(tmp_path: Path, package: Path) -> None:
    letter = b"From: ann@library.example\nSubject: Lunch?\n\nAt noon?\n"
    done = run(tmp_path, letter, "news@store.example", PYTHONPATH=str(package.parent))
    assert done.returncode == 0
    assert not (tmp_path / "bounces.jsonl").exists()
    (kept,) = Maildir(tmp_path / "others")
    assert kept["Subject"] == "Lunch?"


@pytest.mark.parametrize(
    ("arguments", "store"), [([], "."), (["news@store.example"], "nowhere")], ids=["no sender", "no folder"]
)
def test_whatever_fails_the_message_stays_in_the_queue(
    arguments: list[str], store: str, tmp_path: Path, package: Path
) -> None:
    done = run(tmp_path / store, BOUNCE.read_bytes(), *arguments, PYTHONPATH=str(package.parent))
    assert done.returncode == os.EX_TEMPFAIL
    assert done.stdout.startswith(b"read-bounces: ")


def test_without_the_package_the_message_stays_in_the_queue() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), "news@store.example"], input=b"", capture_output=True, check=False
    )
    assert done.returncode == os.EX_TEMPFAIL
    assert b"ModuleNotFoundError" in done.stdout
