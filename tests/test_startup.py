"""What `import bouncelib` costs: it loads no rule, no format and none of the packages that a parse may need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

NEVER = ("chardet", "mailparser", "flufl", "click", "extract_msg")
SHOW = "import json, sys; print(json.dumps(sorted(sys.modules)))"
REPORT = """raw = b'''From: MAILER-DAEMON@mail.store.example
Content-Type: multipart/report; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example

Final-Recipient: rfc822; ann@library.example
Action: failed
Status: 5.1.1
--b--
'''
assert parse_bounce(raw).recipients[0].verdict == 'hard'
"""


def loaded(run_python: Run, code: str) -> set[str]:
    done = run_python("-c", f"{code}\n{SHOW}")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def foreign(modules: set[str], names: tuple[str, ...] = NEVER) -> set[str]:
    return {name for name in modules if name.partition(".")[0] in names}


def test_importing_the_package_imports_next_to_nothing(run_python: Run) -> None:
    modules = loaded(run_python, "import bouncelib")
    assert not foreign(modules)
    assert {name for name in modules if name.startswith("bouncelib")} == {"bouncelib"}


@pytest.mark.parametrize(
    "name", ["parse_bounce", "BounceParser", "classify_response", "Reason", "CATALOGUE", "DEFAULT_RULES"]
)
def test_importing_a_name_reads_no_rule_and_no_format(run_python: Run, name: str) -> None:
    watch = (
        "import sys\nseen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == 'open' else None)\n"
        f"from bouncelib import {name}\n"
        "assert not [p for p in seen if p.endswith(('.toml', 'compiled.json'))], seen"
    )
    modules = loaded(run_python, watch)
    assert not foreign(modules)
    assert not [module for module in modules if module.startswith("bouncelib.formats.")]


def test_a_plain_parse_needs_none_of_the_big_packages(run_python: Run) -> None:
    modules = loaded(run_python, f"from bouncelib import parse_bounce\n{REPORT}")
    assert not foreign(modules)
    assert "bouncelib.formats.rfc3464" in modules
