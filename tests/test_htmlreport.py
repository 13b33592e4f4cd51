"""The page about a run: what is in it, and how a real browser shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from bouncelib import parse_many

if find_spec("pygal") is None:
    # To import it here would leave its finder with all other tests.
    pytest.skip("the extra report is not installed", allow_module_level=True)
pytest.importorskip("jinja2", reason="the extra report is not installed")

from bouncelib.htmlreport import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
HOSTILE = b"""\
From: MAILER-DAEMON@mail.store.example
To: ann@store.example
Subject: Undelivered Mail Returned to Sender
Date: Tue, 24 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example

Final-Recipient: rfc822; jill@library.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 </script><img src=x onerror=alert(1)> no such user

--b--
"""


def write(path: Path, sources: list[Path | bytes], **options: object) -> str:
    with path.open("wb") as out:
        write_report(parse_many(sources, workers=1, ordered=True), out, title="Bounces <of> a week", **options)  # type: ignore[arg-type]
    return path.read_text("utf-8")


def dom(page: Path, choice: str = "") -> tuple[str, str]:
    """What Chromium makes of the page, and what it complains of."""
    assert CHROMIUM is not None
    command = [
        *(
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
        ),
        *("--dump-dom", f"{page.as_uri()}#{choice}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_the_page_has_its_figures_without_scripts(tmp_path: Path, root: Path) -> None:
    text = write(tmp_path / "a.html", [root / "fixtures" / "textbook", HOSTILE, root / "absent"], sent=1000)
    assert "<h1>Bounces &lt;of&gt; a week</h1>" in text
    assert text.count("<svg") == 4
    assert '<th scope="row">unknown_user</th>' in text
    assert "% of 1000 sent" in text
    assert "1 could not be read" in text
    assert re.search(r'<th scope="row">2026-11(?:-24)?</th>', text)


def test_the_page_loads_nothing_and_holds_no_markup_of_strangers(tmp_path: Path) -> None:
    text = write(tmp_path / "a.html", [HOSTILE])
    assert not re.search(r'(?:src|href)="(?!data:,|#)', text)
    assert "onerror" not in text
    assert text.count("<script") == 2


@browser
def test_a_browser_lists_the_messages(tmp_path: Path, root: Path) -> None:
    page = tmp_path / "a.html"
    write(page, [root / "fixtures" / "textbook", HOSTILE])
    shown, complaints = dom(page, "verdict=hard&text=no+such+user")
    assert complaints == ""
    rows = re.findall(r"<tr><td>.*?</tr>", shown.partition('id="list"')[2], re.DOTALL)
    assert rows
    assert all("<td>hard</td>" in row for row in rows)
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in shown
    everything, _ = dom(page)
    count = re.search(r"(\d+) of (\d+) recipients", everything)
    assert count is not None
    assert count[1] == count[2]
    assert int(count[1]) > len(rows)


@browser
def test_a_screen_reader_finds_its_way(tmp_path: Path, root: Path) -> None:
    metadata = pytest.importorskip("importlib.metadata")
    try:
        files = metadata.files("axe-core-python") or ()
    except metadata.PackageNotFoundError:
        pytest.skip("axe-core is not installed")
    axe = next(Path(str(one.locate())).read_text("utf-8") for one in files if one.name == "axe.min.js")
    page = tmp_path / "a.html"
    text = write(page, [root / "fixtures" / "textbook", HOSTILE])
    ask = "setTimeout(async () => { document.title = 'axe:' + JSON.stringify((await axe.run()).violations) }, 2000)"
    page.write_text(text.replace("</body>", f"<script>{axe}</script><script>{ask}</script></body>"), "utf-8")
    shown, _ = dom(page)
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title is not None
    assert title[1] == "axe:[]"


@browser
def test_it_can_be_printed(tmp_path: Path, root: Path) -> None:
    page, pdf = tmp_path / "a.html", tmp_path / "a.pdf"
    write(page, [root / "fixtures" / "textbook"])
    assert CHROMIUM is not None
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={pdf}", page.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert pdf.read_bytes().startswith(b"%PDF-")
    # What only a screen can use is not on paper.
    assert re.search(r"@media print \{ \.filters, \.pager \{ display: none \}", page.read_text("utf-8"))
