"""Back from our pages to the application, as a real browser goes: its policies apply on the way."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsing import Place, listening, watched
from tests.support.house import PASSWORD

POST = """([action, values]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    for (const [name, value] of Object.entries(values))
        form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    form.submit();
}"""


def sign_in(page: Page) -> None:
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")


def test_an_application_may_send_people_on_to_another_origin(
    chromium: Browser, place: Place
) -> None:
    """The callback of an API on one origin, the application's page on another: a list of targets
    in our policy would hold the second redirect up too."""
    onward = place.application.onward
    client_id = place.register(onward)
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize(client_id=client_id, redirect_uri=onward))
    sign_in(page)
    page.click("button[value=allow]")
    page.wait_for_url(place.application.home)
    assert complaints == []
    page.context.close()


def test_an_application_on_the_ipv6_loopback_gets_its_answer(
    chromium: Browser, place: Place
) -> None:
    """RFC 8252 §7.3: browsers know no CSP source for `[::1]`."""
    with listening("[::1]") as other:
        client_id = place.register(other.callback)
        page = chromium.new_page()
        page.goto(place.authorize(client_id=client_id, redirect_uri=other.callback))
        sign_in(page)
        page.click("button[value=allow]")
        page.wait_for_url(f"{other.callback}*")
        assert other.arrivals[-1]["code"]
        page.context.close()


@pytest.mark.parametrize("address", ["com.example.app:/callback", "com.example.app://callback/x"])
def test_an_application_with_a_scheme_of_its_own_is_called(
    chromium: Browser, place: Place, address: str
) -> None:
    """RFC 8252 §7.1. Nothing opens that scheme here; the policy is not what stops it."""
    client_id = place.register(address, application_type="native")
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize(client_id=client_id, redirect_uri=address))
    sign_in(page)
    with page.expect_request(f"{place.url}/consent") as asked:
        page.click("button[value=allow]")
    answer = asked.value.response()
    assert answer is not None
    assert answer.headers["location"].startswith(f"{address}?code=")
    page.wait_for_load_state("networkidle")
    assert complaints == []
    page.context.close()


def test_a_password_goes_nowhere_else_from_our_own_pages(chromium: Browser, place: Place) -> None:
    """Where no application waits, a form that somebody smuggled in is not sent to them."""
    page = chromium.new_page()
    page.goto(f"{place.url}/sign-in")
    page.evaluate(f"document.querySelector('form').action = '{place.application.callback}'")
    before = len(place.application.arrivals)
    with page.expect_console_message(lambda said: "form-action" in said.text):
        sign_in(page)
    assert len(place.application.arrivals) == before
    page.context.close()


def test_our_forms_say_where_they_come_from(chromium: Browser, place: Place) -> None:
    """The whole origin and nothing of the address: a browser without Sec-Fetch-Site is judged by
    `Origin`, and under a policy of `no-referrer` it would say "null"."""
    page = chromium.new_page()
    page.goto(f"{place.url}/forgot-password?secret=1")
    page.fill("#username", "nobody")
    with page.expect_request(lambda asked: asked.method == "POST") as sent:
        page.keyboard.press("Enter")
    headers = sent.value.all_headers()
    assert headers["origin"] == place.url
    assert headers["referer"] == f"{place.url}/"
    page.context.close()


def test_a_request_that_another_site_posts_signs_nobody_out(
    chromium: Browser, place: Place
) -> None:
    """OpenID Connect Core §3.1.2.1 lets applications post their requests; the cookie does not come
    along from another site, and is not replaced."""
    page = chromium.new_page()
    page.goto(f"{place.url}/sign-in")
    sign_in(page)
    page.wait_for_url(f"{place.url}/account")
    page.goto(place.application.home)
    asked = {
        name: values[0] for name, values in parse_qs(urlsplit(place.authorize()).query).items()
    }
    page.evaluate(POST, [f"{place.url}/oauth/authorize", asked])
    page.wait_for_url("**/consent?*")
    page.goto(f"{place.url}/account")
    assert page.url == f"{place.url}/account"
    page.context.close()


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_the_second_half_of_a_double_click_decides_nothing(
    chromium: Browser, place: Place, decision: str
) -> None:
    """Attack: a window above ours asks for a double click and closes at the first half of it; the
    second half lands on our button. What comes that soon after the page has come to the front is
    passed over, and what comes later counts."""
    page = chromium.new_page()
    page.clock.install()
    page.goto(place.authorize(prompt="consent"))
    sign_in(page)
    page.wait_for_url("**/consent?*")
    page.evaluate(
        "decision => { window.dispatchEvent(new Event('focus'));"
        " document.querySelector(`button[value=${decision}]`).click(); }",
        decision,
    )
    assert "/consent" in page.url
    page.clock.run_for(600)
    page.click(f"button[value={decision}]")
    page.wait_for_url(f"{place.application.callback}*")
    page.context.close()
