"""How one proves who one is, and what has a page there (see `SECTIONS` in `page.py`)."""
