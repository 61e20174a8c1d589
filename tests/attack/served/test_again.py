"""Attacks that `make test` tries in its own process, aimed at the served production server as they
are: what they ask goes over the wire, to whichever worker takes it."""

from __future__ import annotations

import pytest

from tests.attack import test_account_console as console
from tests.attack import test_advisories_authorization as authorization
from tests.attack import test_advisories_sessions as sessions
from tests.attack import test_confused_token as tokens
from tests.attack import test_consent_bounds as consent
from tests.attack import test_pages as pages

pytestmark = pytest.mark.long_attack

AIMED = (
    console.test_naming_a_strangers_session_acts_for_nobody,
    console.test_what_is_a_strangers_is_nothing_here,
    authorization.test_cve_2024_22258_pkce_can_not_be_stripped,
    authorization.test_cve_2026_32245_a_code_belongs_to_its_client,
    authorization.test_cve_2026_44476_an_empty_secret_is_nobodys,
    authorization.test_cve_2026_55982_userinfo_tells_what_the_scope_gives,
    authorization.test_cve_2026_58425_introspection_is_no_oracle,
    sessions.test_cve_2026_7507_a_waiting_request_is_its_browsers,
    tokens.test_another_applications_token_can_not_touch_the_account,
    consent.test_one_persons_yes_is_not_anothers,
    consent.test_a_yes_that_answers_no_question_is_none,
    consent.test_no_is_no_whoever_was_asked,
    pages.test_another_sites_form_signs_nobody_out,
    pages.test_a_second_tab_is_shown_its_form_again,
    pages.test_a_stale_question_is_asked_again,
    pages.test_a_page_acts_for_the_person_whom_it_shows,
)
globals().update({test.__name__: test for test in AIMED})
