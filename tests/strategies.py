"""The kit's strategies, on our fixtures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from bouncelib.testing.strategies import damaged, junk

FIXTURES = Path(__file__).parent.parent / "fixtures"


@cache
def fixture_mails() -> tuple[bytes, ...]:
    """Every fixture's bytes, small ones first: what shrinks, shrinks to a small message."""
    return tuple(sorted((path.read_bytes() for path in FIXTURES.rglob("*.eml")), key=lambda raw: (len(raw), raw)))


def damaged_fixtures() -> st.SearchStrategy[bytes]:
    return st.deferred(lambda: damaged(st.sampled_from(fixture_mails()), fixture_mails()))


any_bytes: st.SearchStrategy[bytes] = junk | damaged_fixtures()
