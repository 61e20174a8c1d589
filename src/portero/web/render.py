"""Jinja for the pages of Flask, in the caller's language; and the files that pages load."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, Response, abort, g, request
from markupsafe import Markup

from portero.web.assets import Asset, Assets
from portero.web.factor_words import factor_name, qr
from portero.web.host import translator
from portero.web.rooms import FaceSettings
from portero.web.templating import environment, of_every_page

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_A_DAY: Final = "public, max-age=86400"  # under an address without the content's hash
# Shown on its own, a picture in SVG is a document: it may run and load nothing.
_SVG_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def set_up(host: Flask, settings: FaceSettings) -> None:
    """Give every template its translator and the deployment's look; serve what pages load."""
    made = environment(settings.looks.theme_dir)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # of the i18n extension
        lambda message: translator().gettext(message),
        lambda one, many, count: translator().ngettext(one, many, count),
        newstyle=True,
    )
    made.globals.update(of_every_page(settings), factor_name=factor_name, qr=qr, _=_translated)
    host.jinja_env = made  # type: ignore[assignment]
    # What Flask would give to each: the request, the session, `g`.
    host.template_context_processors[None].clear()

    @host.context_processor
    def common() -> dict[str, Any]:
        spoken = translator()
        found: dict[str, Any] = {"locale": spoken.locale, "direction": spoken.direction}
        return {**found, "look": g.look} if "look" in g else found

    for folder in settings.looks.folders:
        _serve(host, folder)


def _translated(message: str, /, **values: object) -> Markup:
    """What the extension's own `_` says, which calls three functions by way of Jinja's context."""
    text = translator().gettext(message)
    return Markup(text) % values if "%" in text else Markup(text)  # noqa: S704  # our own words


def _serve(host: Flask, folder: Assets) -> None:
    def view(name: str) -> Response:
        asset = folder.by_name.get(name)
        if asset is None:
            abort(404)
        return _answer(asset)

    endpoint = f"assets{folder.root.replace('/', '.')}"
    host.add_url_rule(f"{folder.root}/<path:name>", endpoint=endpoint, view_func=view)


def _answer(asset: Asset) -> Response:
    squeeze = request.accept_encodings["gzip"] > 0 and asset.is_squeezable
    made = Response(asset.squeezed if squeeze else asset.content, content_type=asset.media_type)
    if squeeze:
        made.headers["Content-Encoding"] = "gzip"
    made.headers["Vary"] = "Accept-Encoding"
    current = request.args.get("v") == asset.version
    made.headers["Cache-Control"] = _FOR_EVER if current else _A_DAY
    if asset.media_type == "image/svg+xml":
        made.headers["Content-Security-Policy"] = _SVG_POLICY
    made.set_etag(f"{asset.version}-gzip" if squeeze else asset.version)
    made.make_conditional(request)
    return made
