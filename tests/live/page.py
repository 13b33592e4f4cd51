"""Does what a page of the documentation says: writes its files, adds to them, and runs its commands, in their order.

Marks stand before the blocks that count: `<!-- file: PATH -->`, `<!-- add to: PATH -->` and `<!-- run -->`. What stands after any
other mark, such as `<!-- routers -->`, is added to the file of that name in /tmp.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_BLOCK = re.compile(r"^<!-- (file|add to|run|[a-z]+)(?:: (\S+))? -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main(page: Path) -> None:
    for what, path, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if what == "run":
            subprocess.run(["sh", "-exc", text], check=True)  # noqa: S607
            continue
        with Path(path or f"/tmp/{what}").open("w" if what == "file" else "a", encoding="utf-8") as file:  # noqa: S108
            file.write(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
