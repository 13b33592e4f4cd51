"""Sphinx: Markdown pages, and the API reference from the doc-strings."""

import tomllib
from pathlib import Path

_project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "bouncelib"
author = "The bouncelib developers"
version = release = _project["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples"]
source_suffix = {".md": "markdown"}

# Terms of the glossary; links to headings within and across pages.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": False}
autodoc_member_order = "bysource"
# Types are named as they are imported, `Verdict`, and not by the module that defines them.
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
# Signatures of more than one screen line are shown one argument a line.
maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"bouncelib {version}"
