"""From a notice to a message: text and HTML, from one template, in the reader's language."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from portero.core.notices import Notice
from portero.core.notices.model import LIFETIME, NOT_ME, NOT_ME_LIFETIME, USER_AGENT
from portero.kit.branding import Brand
from portero.kit.colours import OUR_ACCENT, Accent
from portero.kit.devices import device_of
from portero.outside.mail.headers import checked_header, recipient, sender
from portero.translations import Translator, translator_for

TEMPLATES: Final = Path(__file__).parent / "templates"
_TEXT_COLUMNS: Final = 72
_BUTTON: Final = (
    "display:inline-block;padding:12px 24px;border-radius:10px;background:{ground};color:{ink};"
    "font-weight:600;text-decoration:none"
)


class MailRenderer:
    """`brand` is how the reader knows the service; `mail_from` the sender's address, with or
    without a name; `message_id_host` the issuer's host."""

    def __init__(self, *, brand: Brand, mail_from: str, message_id_host: str) -> None:
        self._brand = brand
        self._accent = brand.accent or OUR_ACCENT
        self._from = sender(mail_from)
        self._host = message_id_host.strip("[]").replace(":", ".")  # no [::1] in a Message-ID

    def render(self, notice: Notice, *, job_id: str, date: datetime) -> EmailMessage:
        """The message; the same notice, job and date make the same one. Raises
        `PermanentFailure` for an address that no mail can be sent to."""
        notice.check()
        translator = translator_for((notice.locale,))
        values = self._values(notice, translator)
        name = f"{notice.template.label}.jinja"
        text = _environment(translator, _TextPaper()).get_template(name)
        html = _environment(translator, _HtmlPaper(self._accent)).get_template(name)
        subject = "".join(text.blocks["subject"](text.new_context({**values})))

        message = EmailMessage(policy=SMTP)
        message["From"] = self._from
        message["To"] = recipient(notice.to)
        message["Subject"] = checked_header(subject.strip())
        message["Date"] = date
        message["Message-ID"] = f"<{checked_header(job_id)}@{self._host}>"
        # RFC 3834 §5: nobody's holiday notice should answer this.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.render(values, layout="layout.txt"), cte="quoted-printable")
        message.add_alternative(
            html.render(values, layout="layout.html"), subtype="html", cte="quoted-printable"
        )
        message["Content-Language"] = translator.locale  # last: set_content drops all Content-*
        return message

    def _values(self, notice: Notice, translator: Translator) -> dict[str, Any]:
        values: dict[str, Any] = {
            **notice.values,
            "product": self._brand.name,
            "accent": self._accent,
            "support": self._brand.support,
            "support_told": self._brand.support.removeprefix("mailto:"),
            "lifetime": "",
        }
        if USER_AGENT in notice.values:
            values["device"] = _device(notice.values[USER_AGENT], translator)
        if NOT_ME in notice.values:
            values["not_me_lifetime"] = translator.span(NOT_ME_LIFETIME)
        if LIFETIME in notice.values:
            values["lifetime"] = translator.span(timedelta(seconds=int(notice.values[LIFETIME])))
        values["lang"], values["dir"] = translator.locale, translator.direction
        return values


def _device(user_agent: str, translator: Translator) -> str:
    """What its owner would call it, as the pages do."""
    device = device_of(user_agent)
    if device.browser and device.system:
        words = {"browser": device.browser, "system": device.system}
        return translator.text("%(browser)s on %(system)s", **words)
    return device.browser or device.system or translator.text("Unknown device")


@dataclass(frozen=True, slots=True)
class _TextPaper:
    """How the parts of a mail look as plain text."""

    markup = False

    def p(self, sentence: str) -> str:
        # Never in the middle of a word: a broken URL is a broken link.
        wrapped = textwrap.fill(
            sentence, _TEXT_COLUMNS, break_long_words=False, break_on_hyphens=False
        )
        return f"{wrapped}\n\n"

    def button(self, label: str, url: str) -> str:
        return f"{label}:\n{url}\n\n"

    def aside(self, label: str, url: str) -> str:
        return self.button(label, url)

    @staticmethod
    def code_line(code: str) -> str:
        return f"    {code}\n\n"


@dataclass(frozen=True, slots=True)
class _HtmlPaper:
    """The same as HTML; every value is escaped by `Markup.format`."""

    accent: Accent
    markup = True

    def p(self, sentence: str) -> Markup:
        return Markup("<p>{}</p>\n").format(sentence)

    def button(self, label: str, url: str) -> Markup:
        # Its look stands in the tag too: some readers drop the sheet in the head.
        style = _BUTTON.format(ground=self.accent.light, ink=self.accent.on_light)
        # The address in full below it: a reader can see where it leads, and can copy it.
        return Markup(
            '<p class="action"><a class="button" href="{url}" style="{style}">{label}</a></p>\n'
            '<p class="url" dir="ltr"><a href="{url}">{url}</a></p>\n'
        ).format(url=url, label=label, style=style)

    @staticmethod
    def aside(label: str, url: str) -> Markup:
        return Markup('<p class="url"><a href="{url}">{label}</a></p>\n').format(
            url=url, label=label
        )

    @staticmethod
    def code_line(code: str) -> Markup:
        return Markup('<p class="code" dir="ltr">{}</p>\n').format(code)


@lru_cache(maxsize=32)
def _environment(translator: Translator, paper: _TextPaper | _HtmlPaper) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=paper.markup,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]  # added by the i18n extension
    install(translator.gettext, translator.ngettext, newstyle=True)
    environment.globals.update(
        p=paper.p, button=paper.button, aside=paper.aside, code_line=paper.code_line
    )
    return environment
