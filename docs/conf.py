"""Sphinx: plain Markdown by MyST, the furo theme. `make docs` treats a warning as an error."""

from __future__ import annotations

project = "Portero"
author = "The Portero authors"
language = "en"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Portero"
html_copy_source = False
html_show_sourcelink = False
