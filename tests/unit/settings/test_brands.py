"""Brands are read once, at the start, and what nobody could read or show stops it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.settings import Settings, SettingsError, load

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"/>'


def loaded(folder: Path, toml: str = "", **environ: str) -> Settings:
    if toml:
        (folder / "portero.toml").write_text(toml)
    return load(environ, cwd=folder)


def test_one_colour_is_enough(tmp_path: Path) -> None:
    """The dark scheme's is made of it."""
    accent = loaded(tmp_path, PORTERO_ACCENT="#0B5CAD").branding.site.accent
    assert accent is not None
    assert accent.light == "#0b5cad"
    assert accent.dark > accent.light
    assert (accent.on_light, accent.on_dark) == ("#ffffff", "#000000")


def test_two_colours_are_taken_as_given(tmp_path: Path) -> None:
    """The first for the light scheme, the second for the dark."""
    accent = loaded(tmp_path, PORTERO_ACCENT="#0b5cad, #9ecbff").branding.site.accent
    assert accent is not None
    assert (accent.light, accent.dark) == ("#0b5cad", "#9ecbff")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("#ffd400", "#ffd400 has a contrast of 1.3 to the light scheme's ground"),
        ("#0b5cad,#0b5cad", "Choose a lighter one."),
        ("green", "must be a colour such as #1f5c4d"),
        ("#0b5cad,#9ecbff,#ffffff", "must be a colour such as #1f5c4d"),
        ("#0b5cad;}body{display:none", "must be a colour such as #1f5c4d"),
    ],
)
def test_a_colour_that_nobody_could_read_stops_the_start(
    tmp_path: Path, given: str, sentence: str
) -> None:
    """In words that an operator can act on; and nothing but a colour gets into a stylesheet."""
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, PORTERO_ACCENT=given)
    assert refused.value.key == "PORTERO_ACCENT"
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (SVG, "image/svg+xml"),
        (b'\n<?xml version="1.0"?>' + SVG, "image/svg+xml"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff...", "image/jpeg"),
        (b"RIFF....WEBP", "image/webp"),
    ],
)
def test_what_a_logo_is_its_bytes_say(tmp_path: Path, content: bytes, kind: str) -> None:
    """The name says nothing."""
    (tmp_path / "logo.bin").write_bytes(content)
    logo = loaded(tmp_path, PORTERO_LOGO="logo.bin").branding.site.logo
    assert logo is not None
    assert (logo.media_type, logo.content) == (kind, content)


@pytest.mark.parametrize("content", [b"<!doctype html><script>", b"", SVG + b" " * 65_536, None])
def test_what_is_no_logo_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    """A page, nothing, too much, or no file."""
    if content is not None:
        (tmp_path / "logo.svg").write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, PORTERO_LOGO="logo.svg")
    assert refused.value.key == "PORTERO_LOGO"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("help@example.org", "mailto:help@example.org"),
        ("https://help.example.org/", "https://help.example.org/"),
        ("", ""),
    ],
)
def test_support_is_an_address_of_a_link(tmp_path: Path, given: str, wanted: str) -> None:
    """A mailbox or a page."""
    assert loaded(tmp_path, PORTERO_SUPPORT=given).branding.site.support == wanted


@pytest.mark.parametrize("given", ["javascript:alert(1)", "Help <help@example.org>", "http://x"])
def test_support_is_nothing_else(tmp_path: Path, given: str) -> None:
    """What a link could not open, or should not."""
    with pytest.raises(SettingsError, match="PORTERO_SUPPORT must be"):
        loaded(tmp_path, PORTERO_SUPPORT=given)


def test_a_client_has_what_it_was_given_and_the_rest_of_the_deployment(tmp_path: Path) -> None:
    """Its own name and terms over the deployment's imprint; another client has neither."""
    (tmp_path / "notes.svg").write_bytes(SVG)
    settings = loaded(
        tmp_path,
        '[brands."notes"]\nname = "Notes"\nlogo = "notes.svg"\naccent = "#0b5cad"\n'
        'terms_url = "https://notes.example/terms"\n',
        PORTERO_IMPRINT_URL="https://id.example/imprint",
        PORTERO_PRODUCT_NAME="House",
    )
    assert list(settings.branding.clients) == ["notes"]
    notes = settings.branding.clients["notes"]
    assert (notes.name, notes.terms_url) == ("Notes", "https://notes.example/terms")
    assert notes.imprint_url == "https://id.example/imprint"
    assert notes.logo is not None
    assert notes.accent is not None
    assert settings.branding.site.name == "House"
    assert settings.branding.site.accent is None


def test_a_clients_logo_does_not_go_with_the_deployments_dark_one(tmp_path: Path) -> None:
    """By night its own is shown, not somebody else's."""
    for name in ("house.svg", "night.svg", "notes.svg"):
        (tmp_path / name).write_bytes(SVG)
    settings = loaded(
        tmp_path,
        '[brands."notes"]\nlogo = "notes.svg"\n',
        PORTERO_LOGO="house.svg",
        PORTERO_LOGO_DARK="night.svg",
    )
    assert settings.branding.site.logo_dark is not None
    assert settings.branding.clients["notes"].logo_dark is None


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ('[brands."notes"]\ncolour = "#0b5cad"\n', 'brands."notes"'),
        ('[brands."notes"]\naccent = "#ffff00"\n', 'brands."notes".accent'),
        ('[brands."notes"]\naccent = "blue"\n', 'brands."notes".accent'),
        ('[brands."notes"]\nname = 3\n', 'brands."notes".name'),
        ('[brands."notes"]\nlogo = "gone.svg"\n', 'brands."notes".logo'),
        ('brands = "notes"\n', "brands"),
        ('brands.notes = "x"\n', 'brands."notes"'),
    ],
)
def test_a_wrong_brand_stops_the_start(tmp_path: Path, toml: str, key: str) -> None:
    """And the sentence says where it is."""
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, toml)
    assert refused.value.key == key


def test_a_theme_is_a_folder(tmp_path: Path) -> None:
    """Else nobody would notice that it has no effect."""
    with pytest.raises(SettingsError, match="which is no folder"):
        loaded(tmp_path, PORTERO_THEME_DIR="nowhere")
