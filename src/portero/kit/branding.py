"""How the deployment shows itself on pages and in mails: name, picture, colour, legal links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from portero.kit.colours import Accent


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Brand:
    """What is empty is not shown, or in a client's brand is the deployment's. `support` is an
    address that a link may have."""

    name: str = ""
    logo: Picture | None = None
    logo_dark: Picture | None = None
    accent: Accent | None = None
    privacy_url: str = ""
    terms_url: str = ""
    imprint_url: str = ""
    support: str = ""

    def over(self, other: Brand) -> Brand:
        """This one, completed by the other. A picture for the dark scheme goes with its own."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: value for name, value in own.items() if value}
        if self.logo and not self.logo_dark:
            given["logo_dark"] = None
        return replace(other, **given)


@dataclass(frozen=True, slots=True)
class Branding:
    """The deployment's brand, and those that the operator gave to single clients."""

    site: Brand = Brand()
    clients: Mapping[str, Brand] = field(default_factory=dict)
