"""What a mail says, in which language, and what it can't be made to say."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from portero.core.notices import Notice, NoticeTemplate
from portero.core.outbox import PermanentFailure
from portero.kit.branding import Brand
from portero.kit.colours import OUR_ACCENT, Accent
from portero.outside.mail import MailRenderer
from portero.translations import available

SENT_AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
JOB_ID = "0198c0de-0000-7000-8000-000000000001"
LINK = "https://id.example/reset-password?token=K7dQw2Zr9xYpLm4TnB6v&x=1"
VALUES = {
    "not_me": "https://id.example/it-was-not-me?token=Zr4mQ8vL",
    "link": LINK,
    "username": "ana",
    "lifetime_seconds": "1800",
    "code": "123456",
    "client_name": "Bank",
    "binding_message": "Pay 30 EUR",
    "email": "ana@example.net",
    "factor": "totp",
    "remaining": "9",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
}


def renderer(
    product_name: str = "Portero",
    mail_from: str = "Portero <no-reply@id.example>",
    **brand: Any,
) -> MailRenderer:
    return MailRenderer(
        brand=Brand(product_name, **brand), mail_from=mail_from, message_id_host="id.example"
    )


def notice(
    template: NoticeTemplate = NoticeTemplate.RESET_PASSWORD,
    *,
    to: str = "ana@example.org",
    locale: str = "en",
    **more: str,
) -> Notice:
    known = template.required | template.optional
    values = {name: value for name, value in (VALUES | more).items() if name in known}
    return Notice(template, to, locale, values)


def rendered(given: Notice, by: MailRenderer | None = None) -> EmailMessage:
    """The message as its reader's program parses it from the bytes."""
    made = (by or renderer()).render(given, job_id=JOB_ID, date=SENT_AT)
    return email.message_from_bytes(made.as_bytes(), EmailMessage, policy=email.policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_head() -> None:
    """Who, to whom, when, and an id that is the job's: a second sending is known as the same."""
    message = rendered(notice())
    assert message["From"] == "Portero <no-reply@id.example>"
    assert message["To"] == "ana@example.org"
    assert message["Subject"] == "Choose a new password"
    assert message["Message-ID"] == f"<{JOB_ID}@id.example>"
    assert message["Date"].datetime == SENT_AT
    assert message["Auto-Submitted"] == "auto-generated"  # RFC 3834: no holiday notice answers


def test_same_notice_same_mail() -> None:
    """Rendering twice makes the same mail, but for the boundary between its parts."""
    first, second = (rendered(notice()) for _ in range(2))
    assert [part(first, kind) for kind in ("plain", "html")] == [
        part(second, kind) for kind in ("plain", "html")
    ]
    assert [h for h in first.items() if h[0] != "Content-Type"] == [
        h for h in second.items() if h[0] != "Content-Type"
    ]


@pytest.mark.parametrize("template", NoticeTemplate, ids=lambda template: template.label)
@pytest.mark.parametrize("locale", available())
def test_every_notice_in_every_language(template: NoticeTemplate, locale: str) -> None:
    """Each has text and HTML in its language, names the product, and shows its link whole."""
    message = rendered(notice(template, locale=locale), renderer(product_name="Haus & Co"))
    assert message["Content-Language"] == locale
    text, html = part(message, "plain"), part(message, "html")
    assert "Haus & Co" in text
    assert "Haus &amp; Co" in html
    assert f'<html lang="{locale}" dir="{"rtl" if locale == "ar" else "ltr"}">' in html
    links = [VALUES[name] for name in ("not_me", "link") if name in template.required]
    assert all(f"\n{link}\n" in text for link in links)
    shown = [html.count(f'href="{link.replace("&", "&amp;")}"') for link in links]
    assert shown[:1] in ([], [2])  # the button, and below it
    assert all(shown)
    assert "%(" not in text + html


def test_translated() -> None:
    """The reader's language, by the longest tag that is there; English when there is none."""
    subjects = [rendered(notice(locale=tag))["Subject"] for tag in ("de-CH", "tlh", "")]
    assert subjects == ["Neues Passwort wählen", *["Choose a new password"] * 2]


def test_lifetime_in_words() -> None:
    """The link's lifetime is said in the reader's words, and not at all when it is not known."""
    assert "30 Minuten" in part(rendered(notice(locale="de")), "plain")
    bare = notice()
    without = {n: v for n, v in bare.values.items() if n != "lifetime_seconds"}
    text = part(rendered(Notice(bare.template, bare.to, bare.locale, without)), "plain")
    assert "valid for" not in text


def test_html_is_escaped() -> None:
    """A name with markup in it is shown as it is written, and does nothing."""
    html = part(rendered(notice(username='<img src=x onerror="alert(1)">')), "html")
    assert "<img" not in html
    assert "&lt;img" in html


def test_a_value_is_no_template() -> None:
    """A name that looks like a template or a placeholder is a name."""
    odd = "{{ 7*7 }} %(link)s {% for x in y %}"
    assert odd in part(rendered(notice(username=odd)), "plain").replace("\n", " ")


def test_nothing_is_fetched() -> None:
    """No image, script or sheet of elsewhere: opening the mail tells nobody."""
    for template in NoticeTemplate:
        html = part(rendered(notice(template)), "html")
        for tag in ("<img", "<script", "<link", "url(", "@import", "<iframe"):
            assert tag not in html


def test_the_strangers_mail_has_no_name_in_it() -> None:
    """Whoever registers with your address can't put words of their choosing into your mailbox."""
    sent = notice(NoticeTemplate.VERIFY_EMAIL, username="Call +1 555 0100 now")
    message = rendered(sent)
    assert "555" not in part(message, "plain") + part(message, "html") + message["Subject"]


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\u202e"])
class TestHeaderInjection:
    """A line break in what becomes a header would begin one of the attacker's (CWE-93)."""

    def test_recipient(self, ending: str) -> None:
        """In the address: the mail is refused for ever."""
        with pytest.raises(PermanentFailure):
            rendered(notice(to=f"ana@example.org{ending}Bcc: all@example.com"))

    def test_subject(self, ending: str) -> None:
        """In the product's name, which an invitation has in its subject."""
        by = renderer(product_name=f"Portero{ending}Bcc: all@example.com")
        with pytest.raises(PermanentFailure):
            rendered(notice(NoticeTemplate.INVITATION), by)

    def test_sender(self, ending: str) -> None:
        """In the setting: the program does not start with it."""
        with pytest.raises(ValueError, match="sender"):
            renderer(mail_from=f"Portero{ending}Bcc: all@example.com <no-reply@id.example>")

    def test_body_only(self, ending: str) -> None:
        """In a value of the body it does no harm to the head."""
        message = rendered(notice(username=f"ana{ending}Bcc: all@example.com"))
        assert message["Bcc"] is None
        assert message.keys().count("To") == 1


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ana",
        "ana@example.org, bob@example.org",
        "Ana <ana@example.org>",
        "ana@example.org (you)",
        "@example.org",
        "ana@[127.0.0.1]",
    ],
)
def test_one_address_and_nothing_else(to: str) -> None:
    """A list, a name or a comment is no address: the mail goes to one mailbox or to none."""
    with pytest.raises(PermanentFailure, match="not a mail address"):
        rendered(notice(to=to))


def test_international_domain() -> None:
    """straße.de is not strasse.de: IDNA 2003 would send the reset link to another owner."""
    assert rendered(notice(to="ana@straße.de"))["To"] == "ana@xn--strae-oqa.de"


def test_long_and_foreign_subject() -> None:
    """A long subject in another script survives folding and encoding."""
    by = renderer(product_name="خدمة " * 20)
    message = rendered(notice(NoticeTemplate.INVITATION, locale="ar"), by)
    assert "خدمة خدمة" in message["Subject"]
    assert "\n" not in message["Subject"]


def test_a_mail_looks_as_the_pages_do() -> None:
    """The brand's colour on the button, in the tag too because some readers drop the sheet; by
    night the other; and where help is, in both parts."""
    accent = Accent("#7a0019", "#ff9aa8")
    message = rendered(notice(), renderer(accent=accent, support="mailto:help@id.example"))
    page = part(message, "html")
    assert 'style="display:inline-block;' in page
    assert "background:#7a0019;color:#ffffff;" in page
    assert "background: #ff9aa8 !important; color: #000000 !important;" in page
    assert '<a href="mailto:help@id.example">help@id.example</a>' in page
    assert part(message, "plain").endswith("-- \nPortero\nHelp: help@id.example\n")


def test_a_mail_of_nobody_in_particular_has_our_colour() -> None:
    """And no line about help that there is not."""
    page = part(rendered(notice()), "html")
    assert f"background:{OUR_ACCENT.light};" in page
    assert "Help:" not in page
    assert "Help:" not in part(rendered(notice()), "plain")


def test_a_mail_asks_for_nothing_of_another_place() -> None:
    """No picture, no font, no sheet: opening it tells nobody."""
    for template in NoticeTemplate:
        page = part(rendered(notice(template)), "html")
        assert not re.search(r"<img|<link|@import|url\(|src=", page), template
