"""The command: see run.py. Workers import that by its name, which they could not do with this module."""

from .run import main

if __name__ == "__main__":
    raise SystemExit(main())
