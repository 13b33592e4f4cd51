"""What all tests share: where things are, how much hypothesis tries, and which package is under test."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import bouncelib

if TYPE_CHECKING:
    from collections.abc import Callable

# Derandomised: the same tree gives the same result everywhere. Only the nightly run looks for what is new. No deadline:
# how long one example takes on a busy machine says nothing about the code.
settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

PACKAGE = Path(bouncelib.__file__).parent


def pytest_report_header() -> str:
    return f"bouncelib: {PACKAGE}"


def pytest_configure() -> None:
    """Refuses to test the tree where the built wheel is meant (BOUNCELIB_WHEEL=1, as .ci/run sets it)."""
    if os.environ.get("BOUNCELIB_WHEEL") == "1" and not PACKAGE.is_relative_to(sysconfig.get_path("purelib")):
        message = f"the wheel is to be tested, but bouncelib was found at {PACKAGE}"
        raise pytest.UsageError(message)


@pytest.fixture(scope="session")
def root() -> Path:
    """The source tree: README.md, docs/, fixtures/."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the package under test: in site-packages, or in the tree."""
    return PACKAGE


@pytest.fixture(scope="session")
def run_python(root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a fresh interpreter that finds the same package as this one, with the root of the tree as its folder."""
    env = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "utf-8"}

    def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        # -P: the folder that it runs in must not come first on the path, or the wheel's tests would find the tree.
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=root,
            env=env,
            check=False,
            timeout=120,
        )

    return run
