"""Acme's format and rules keep bouncelib's contract, and are found once the package is installed."""

from importlib.metadata import entry_points
from pathlib import Path

from bouncelib_acme import FORMAT, rules

from bouncelib import BounceParser, classify_response, parse_bounce
from bouncelib.testing import check_format, check_rules

FIXTURES = Path(__file__).parent / "fixtures"


def test_the_format_keeps_the_contract() -> None:
    # The default parser knows the package's rules too: the expectations rest on them.
    check_format(FORMAT, FIXTURES, parser=BounceParser())


def test_the_rules_keep_the_contract() -> None:
    check_rules(rules())


def test_the_package_is_found_where_it_is_installed() -> None:
    assert "acme" in entry_points(group="bouncelib.formats").names
    report = parse_bounce((FIXTURES / "vault-full.eml").read_bytes())
    assert report.format == "acme"
    assert classify_response("550 A-04", host="mx.acme.example").rule == "acme/left-town"


def test_without_plugins_nobody_knows_acme() -> None:
    report = BounceParser(plugins=False).parse((FIXTURES / "vault-full.eml").read_bytes())
    assert report.format != "acme"
    assert report.recipients[0].rule != "acme/vault-full"
