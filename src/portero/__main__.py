"""`python -m portero` is `portero`."""

from __future__ import annotations

from portero.cli import main

if __name__ == "__main__":
    main()
