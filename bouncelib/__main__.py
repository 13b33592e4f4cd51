"""``python -m bouncelib`` and the ``bouncelib`` script: the command line, or which extra it needs."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without click say in one line what to install, and exit with 2."""
    try:
        from bouncelib.cli import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "click":
            raise
        sys.stderr.write("bouncelib: the command line needs click; install it with: pip install 'bouncelib[cli]'\n")
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
