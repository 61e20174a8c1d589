"""Pages of the protocol endpoints, which are no Flask views: the same templates, language and
headers, from a value to a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jinja2
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from portero.kit import waiting
from portero.kit.refusals import Refusal
from portero.translations import Translator, translator_for
from portero.web.exchange import Request, Response, json_body
from portero.web.headers import page_headers
from portero.web.problems import PROBLEM_TYPE, extra_headers, problem_of
from portero.web.rooms import FaceSettings
from portero.web.templating import environment, of_every_page


class StandalonePages:
    def __init__(self, settings: FaceSettings) -> None:
        self._settings = settings
        self._environments: dict[str, jinja2.Environment] = {}

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        locales: Sequence[str] = (),
        forms_lead_out: bool = False,
        **values: Any,
    ) -> Response:
        """`locales` come before what the browser prefers (`ui_locales`)."""
        translator = self.translator(request, locales)
        text = self._environment(translator).get_template(template).render(values)
        named = page_headers(hsts=self._settings.owns_host, forms_lead_out=forms_lead_out)
        return Response(
            status,
            text.encode(),
            (("Content-Type", "text/html; charset=utf-8"), *named.items()),
        )

    def posting_itself(
        self, request: Request, target: str, fields: Iterable[tuple[str, str]]
    ) -> Response:
        """A form that its script sends at once; without scripts there is its button."""
        return self.page(
            request, "oidc/form_post.html", forms_lead_out=True, target=target, fields=fields
        )

    def refusal(self, request: Request, refusal: Refusal) -> Response:
        """What went wrong, for a person whom nobody can be told about elsewhere."""
        translator = self.translator(request)
        # What a developer is told is English, whatever the sentence around it: isolated (UAX #9).
        values = {name: f"\u2068{value}\u2069" for name, value in refusal.values.items()}
        content = problem_of(refusal, translator, request_id=request.request_id)
        content["title"] = translator.text(refusal.public, **values)
        return self._error(request, content, extra_headers(refusal))

    def problem(
        self, request: Request, content: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Response:
        """The problem document; for a person in a browser, a page that says the same."""
        if "text/html" in (request.header("accept") or ""):
            return self._error(request, content, headers)
        named = (("Content-Type", PROBLEM_TYPE), *headers.items())
        return Response(content["status"], json_body(content), named)

    def _error(
        self, request: Request, content: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Response:
        answer = self.page(request, "error.html", status=content["status"], problem=content)
        return Response(answer.status, answer.body, (*answer.headers, *headers.items()))

    def translator(self, request: Request, locales: Sequence[str] = ()) -> Translator:
        """For what the application asked (`locales`) before what the browser prefers."""
        # Its sentences, and the page around them, may have to be read from their files: 0.3 s of
        # everybody's on the event loop.
        waiting.expected()
        accepted = parse_accept_header(request.header("accept-language"), LanguageAccept)
        wanted = [*locales, *(tag for tag, _ in accepted), self._settings.default_locale]
        return translator_for(wanted)

    def _environment(self, translator: Translator) -> jinja2.Environment:
        """One for each language, made at its first page."""
        known = self._environments.get(translator.locale)
        if known is None:
            known = environment(self._settings.looks.theme_dir)
            known.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
                translator.gettext, translator.ngettext, newstyle=True
            )
            known.globals.update(
                of_every_page(self._settings),
                locale=translator.locale,
                direction=translator.direction,
            )
            self._environments[translator.locale] = known
        return known
