"""Every route, and who may use it. A route that is not here fails `test_every_route_has_a_row`."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tests.support.house import Home


class Need(Enum):
    """What whoever asks has to show, before anything is done for them."""

    NOTHING = "nothing"  # a document, or a page that begins something
    FORM = "form"  # nothing but, to post, that the form was ours and this browser's
    SESSION = "session"  # a browser in which somebody is signed in, and its form to post
    OWN_TOKEN = "own_token"  # a token of the first-party client
    API_TOKEN = "api_token"  # a token for Portero's own API, of whatever client
    USER_TOKEN = "user_token"  # a token for userinfo
    CLIENT = "client"  # a client's proof of itself, or a public client's name
    PROTOCOL = "protocol"  # a request of an application, which the browser brings
    REGISTRATION = "registration"  # the token that a client got when it registered itself
    NOT_HERE = "not_here"  # of development, so 404


_ROWS: Final = {
    Need.NOTHING: """
        GET /  GET /healthz  GET /readyz  GET /.well-known/jwks.json
        GET /.well-known/oauth-authorization-server  GET /.well-known/openid-configuration
        GET /.well-known/passkey-endpoints  GET /.well-known/webauthn
        GET /api/docs  GET /api/openapi.json  GET /brand/<path:name>  GET /static/<path:name>
        GET /theme/<path:name>  GET /push/app.webmanifest  GET /push/worker.js  GET /push/answer
        GET /oauth/status-list  GET /sign-in/passkey  POST /oauth/register  GET /accounts
        OPTIONS /oauth/device  OPTIONS /oauth/par  OPTIONS /oauth/register  OPTIONS /oauth/revoke
        OPTIONS /oauth/token  OPTIONS /oauth/userinfo
        GET /consent  GET /oauth/authorize/continue
        POST /register  POST /login  POST /login/continue  POST /login/mail
        POST /login/mail/continue  POST /login/passkey  POST /login/passkey/options  POST /refresh
        POST /password/forgot  POST /password/reset  POST /email/verify""",
    Need.FORM: """
        GET /sign-in  POST /sign-in  GET /sign-in/mail  POST /sign-in/mail
        GET /sign-in/mail/link  POST /sign-in/mail/link  POST /sign-in/push  POST /push/answer
        GET /sign-up  POST /sign-up  GET /forgot-password  POST /forgot-password
        GET /reset-password  POST /reset-password  GET /verify-email  POST /verify-email
        GET /allow-new-email  POST /allow-new-email  GET /take-back-email  POST /take-back-email
        GET /it-was-not-me  POST /it-was-not-me
        POST /accounts  POST /accounts/sign-out  POST /consent  POST /oauth/logout/confirm
        POST /sign-out  GET /passkey-offer  POST /passkey-offer  GET /recovery-codes
        POST /recovery-codes""",
    Need.SESSION: """
        GET /account  GET /account/activity  GET /account/applications
        POST /account/applications/disconnect  GET /account/data  GET /account/data/delete
        POST /account/data/delete  POST /account/data/download  GET /account/profile
        POST /account/profile  POST /account/profile/confirm-email  GET /account/profile/email
        POST /account/profile/email  GET /account/profile/phone  POST /account/profile/phone
        POST /account/profile/phone/code  GET /account/security  GET /account/security/app
        POST /account/security/app  POST /account/security/app/remove
        POST /account/security/app/rename  GET /account/security/choose-password
        POST /account/security/choose-password  GET /account/security/codes
        POST /account/security/codes/add  POST /account/security/codes/remove
        POST /account/security/codes/send  GET /account/security/passkeys
        GET /account/security/passkeys/add  POST /account/security/passkeys/add
        GET /account/security/passkeys/rename  POST /account/security/passkeys/rename
        POST /account/security/passkeys/remove  GET /account/security/password
        POST /account/security/password  GET /account/security/push
        POST /account/security/push/add  POST /account/security/push/remove
        POST /account/security/push/rename  POST /account/security/push/state
        POST /account/security/push/subscribe  GET /account/security/recovery-codes
        POST /account/security/recovery-codes  GET /account/sessions  POST /account/sessions/end
        POST /account/sessions/end-others  POST /account/sessions/forget
        GET /device  POST /device  GET /requests  POST /requests""",
    Need.OWN_TOKEN: """
        GET /me  PATCH /me  DELETE /me  GET /me/authenticators  POST /me/authenticators
        PATCH /me/authenticators/<authenticator_id>  DELETE /me/authenticators/<authenticator_id>
        POST /me/authenticators/begin  POST /me/recovery-codes  GET /me/sessions
        DELETE /me/sessions  DELETE /me/sessions/<session_id>  POST /login/step-up  POST /logout
        POST /password/change""",
    Need.API_TOKEN: "GET /protected",
    Need.USER_TOKEN: "GET /oauth/userinfo  POST /oauth/userinfo",
    Need.CLIENT: """
        POST /oauth/ciba  POST /oauth/device  POST /oauth/introspect  POST /oauth/par
        POST /oauth/revoke  POST /oauth/token""",
    Need.PROTOCOL: """
        GET /oauth/authorize  POST /oauth/authorize  GET /oauth/logout  POST /oauth/logout""",
    Need.REGISTRATION: "GET /oauth/register  PUT /oauth/register  DELETE /oauth/register",
    Need.NOT_HERE: """
        GET /demo  POST /demo  GET /demo/callback  GET /dev/mail  GET /dev/mail/<name>
        GET /dev/mail/<name>/html  GET /styleguide""",
}
NEEDS: Final = {
    row: need for need, rows in _ROWS.items() for row in (each.strip() for each in rows.split("  "))
    if row
}  # fmt: skip


def routes_of(home: Home) -> set[str]:
    """What the application of these settings answers at: of Flask's rules, and of the endpoints."""
    return {
        f"{method} {rule.rule}"
        for rule in home.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if method != "OPTIONS" or rule.methods == {"OPTIONS"}
    }


def path_of(route: str) -> str:
    """An address that the route answers at: what varies names nothing that there is."""
    path = route.partition(" ")[2]
    for part, made_up in (("<authenticator_id>", "made-up"), ("<session_id>", "made-up"),
                          ("<path:name>", "made-up"), ("<name>", "made-up")):  # fmt: skip
        path = path.replace(part, made_up)
    return path
