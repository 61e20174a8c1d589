"""What every template knows, whichever environment renders it."""

from __future__ import annotations

from typing import Any

from portero.web.rooms import FaceSettings


def of_every_page(settings: FaceSettings) -> dict[str, Any]:
    """For `Environment.globals`, so that imported macros see them too."""
    return {"at": settings.at, "product_name": settings.product_name}
