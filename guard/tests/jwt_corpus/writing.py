"""How a JWT is written: headers, base64url, JSON, sizes, and what is no compact JWS at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, OctKey

from guard.tests.jwt_corpus.good import LEFT_OUT, Good, Raw, b64, written
from guard.tests.jwt_corpus.table import Case, Group

# Every type that some JWT of the protocols here has.
_TYPES = ("JWT", "at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "statuslist+jwt",
          "oauth-authz-req+jwt", "client-authentication+jwt", "authorization-grant+jwt",
          "software-statement+jwt", "token-introspection+jwt", "entity-statement+jwt",
          "JOSE", "JWS", "jwt2", "")  # fmt: skip
# Names that some server has put into a path, a query or a statement.
_KIDS = ("../../../../dev/null", "/etc/passwd", "file:///dev/null", "http://127.0.0.1:9/key",
         "' OR '1'='1", "x' UNION SELECT 'secret'; --", "| id", "$(id)", "{{7*7}}", "%00", "\x00",
         "one\x00", "\ud800", "\u202eone", "", " one", "one ", "ONE", "unknown")  # fmt: skip


def _header(good: Good, **changes: Any) -> str:
    return good.token(header=changes)


def _kids() -> Iterator[tuple[str, Case]]:
    for kid in _KIDS:
        yield ascii(kid[:30]), partial(_header, kid=kid)
    odd = {"left out": LEFT_OUT, "null": None, "a number": 1, "true": True, "an object": {}}
    for what, value in odd.items():
        yield what, partial(_header, kid=value)
    yield "three thousand letters", partial(_header, kid="x" * 3000)
    yield "a list of the right one", lambda good: good.token(header={"kid": [good.key.kid]})
    for order in ("before", "after"):
        yield f"twice, another one {order}", partial(_kid_twice, order=order)


def _kid_twice(good: Good, *, order: str) -> str | None:
    if "kid" not in good.header:
        return None
    other = f'{{"kid":"unknown",{written(good.header)[1:]}'
    return good.sealed(other if order == "before" else _more(good.header, '"kid":"unknown"'))


def _criticals() -> Iterator[tuple[str, Case]]:
    odd: dict[str, dict[str, Any]] = {
        "an unknown name": {"crit": ["x"], "x": 1},
        "a claim's name": {"crit": ["exp"]},
        "b64": {"crit": ["b64"], "b64": False},
        "b64 that is true": {"crit": ["b64"], "b64": True},
        "nothing": {"crit": []},
        "null": {"crit": None},
        "a text": {"crit": "exp"},
        "false": {"crit": False},
        "a name that is not there": {"crit": ["http://example.invalid/UNDEFINED"]},
    }
    for what, header in odd.items():
        yield what, partial(_header, **header)
    yield "b64, and the claims as they are", _unencoded


def _unencoded(good: Good) -> str:
    """RFC 7797: the payload is not encoded."""
    head = b64(written({**good.header, "b64": False, "crit": ["b64"]}).encode())
    body = written(good.claims())
    return f"{head}.{body}.{b64(good.key.signature(f'{head}.{body}'.encode()))}"


def _types() -> Iterator[tuple[str, Case]]:
    for typ in _TYPES:
        yield typ or "empty", partial(_another_type, typ=typ)
    odd = {"left out": LEFT_OUT, "null": None, "a number": 1, "with a NUL": "JWT\x00",
           "a list": ["JWT"], "half a surrogate pair": "\ud800"}  # fmt: skip
    for what, value in odd.items():
        yield what, partial(_header, typ=value)


def _another_type(good: Good, *, typ: str) -> str | None:
    return None if typ == good.header.get("typ") else good.token(header={"typ": typ})


def _spelled() -> Iterator[tuple[str, Case]]:
    """One token has one spelling; what another parser would repair is refused."""

    def rewritten(good: Good, *, how: Callable[[str, str, str], str]) -> str:
        return how(*good.token().split("."))

    ways: dict[str, Callable[[str, str, str], str]] = {
        "one = behind": lambda h, p, s: f"{h}.{p}.{s}=",
        "two = behind": lambda h, p, s: f"{h}.{p}.{s}==",
        "= behind the header": lambda h, p, s: f"{h}=.{p}.{s}",
        "= behind the claims": lambda h, p, s: f"{h}.{p}=.{s}",
        "a space before": lambda h, p, s: f" {h}.{p}.{s}",
        "a space behind": lambda h, p, s: f"{h}.{p}.{s} ",
        "a line end behind": lambda h, p, s: f"{h}.{p}.{s}\n",
        "a tab in the claims": lambda h, p, s: f"{h}.{p[:8]}\t{p[8:]}.{s}",
        "a line end in the signature": lambda h, p, s: f"{h}.{p}.{s[:8]}\r\n{s[8:]}",
        "a space beside a dot": lambda h, p, s: f"{h}. {p}.{s}",
        "a NUL behind": lambda h, p, s: f"{h}.{p}.{s}\x00",
        "standard base64": lambda h, p, s: f"{h}.{p}.{s[:-4]}+/+/",
        "stray bits in the signature": lambda h, p, s: f"{h}.{p}.{_stray(s)}",
        "a fourth part": lambda h, p, s: f"{h}.{p}.{s}.",
        "its signature twice": lambda h, p, s: f"{h}.{p}.{s}.{s}",
        "two parts": lambda h, p, s: f"{h}.{p}",
        "one part": lambda h, p, s: h,
        "no claims": lambda h, p, s: f"{h}..{s}",
        "no header": lambda h, p, s: f".{p}.{s}",
        "dots alone": lambda h, p, s: "..",
        "one letter each": lambda h, p, s: "a.b.c",
        "commas for dots": lambda h, p, s: f"{h},{p},{s}",
        "dots of another script": lambda h, p, s: f"{h}\u3002{p}\u3002{s}",
        "letters of another script": lambda h, p, s: f"{h}.{p}.\u0430{s[1:]}",
        "half a surrogate pair": lambda h, p, s: f"{h}.{p}.\ud800",
        "Bearer before it": lambda h, p, s: f"Bearer {h}.{p}.{s}",
        "two of them": lambda h, p, s: f"{h}.{p}.{s},{h}.{p}.{s}",
        "parts in another order": lambda h, p, s: f"{p}.{h}.{s}",
    }
    for what, how in ways.items():
        yield what, partial(rewritten, how=how)
    yield "stray bits in the header", partial(_stray_part, which=0)
    yield "stray bits in the claims", partial(_stray_part, which=1)


def _stray(part: str) -> str:
    """The last letter, with a bit set that means nothing; a letter more where it has none."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(part) % 4 == 0:
        return part + "A"
    return part[:-1] + letters[letters.index(part[-1]) + 1]


def _stray_part(good: Good, *, which: int) -> str:
    """The signature is genuine: it is over the letters as they are."""
    parts = list(good.encoded())
    parts[which] = _stray(parts[which])
    return f"{parts[0]}.{parts[1]}.{b64(good.key.signature('.'.join(parts).encode()))}"


def _jsons() -> Iterator[tuple[str, Case]]:
    texts: dict[str, str | bytes] = {
        "a list": "[]", "a number": "1", "a text": '"x"', "null": "null", "nothing": "",
        "a brace": "{", "a single quote": "{'a':1}", "a comment": '{"a":1/**/}',
        "a comma too many": '{"a":1,}', "two objects": "{}{}", "octets": b"\xff\xfe\x00",
        "a byte order mark": "\ufeff{}", "three thousand brackets": "[" * 3000,
        "two thousand braces": '{"a":' * 2000, "binary": bytes(range(256)),
    }  # fmt: skip
    for what, text in texts.items():
        yield f"claims: {what}", partial(_sealed, body=text)
        yield f"header: {what}", partial(_sealed, head=text)
    for name, value in (("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"),
                        ("five thousand digits", "9" * 5000)):  # fmt: skip
        yield f"claims: {name}", lambda good, v=value: good.token(claims={"x": Raw(v)})
        yield f"header: {name}", lambda good, v=value: good.token(header={"x": Raw(v)})
    for what, text in (("half a surrogate pair", "\ud800"), ("a NUL", "\x00")):
        deep = [[{"a": text}]]
        yield f"claims: {what}, deep", lambda good, v=deep: good.token(claims={"x": v})
        yield f"claims: {what} as a name", lambda good, v=text: good.token(claims={v: 1})
        yield f"header: {what}, deep", lambda good, v=deep: good.token(header={"x": v})
    yield "claims in UTF-16", lambda good: good.sealed(body=written(good.claims()).encode("utf-16"))
    yield "header in UTF-16", lambda good: good.sealed(written(good.header).encode("utf-16"))
    yield "claims in Latin-1", lambda good: good.sealed(body=b'{"x":"\xe9",' + _rest(good))
    yield "claims with a NUL behind", lambda good: good.sealed(body=written(good.claims()) + "\0")
    yield "claims with a text behind", lambda good: good.sealed(body=written(good.claims()) + "x")


def _sealed(good: Good, **texts: str | bytes) -> str:
    return good.sealed(**texts)


def _rest(good: Good) -> bytes:
    return written(good.claims())[1:].encode()


def _twice() -> Iterator[tuple[str, Case]]:
    """Two members of one name: which of them counts is a matter of the parser."""
    yield "alg, none first", lambda good: good.sealed('{"alg":"none",' + written(good.header)[1:])
    yield "alg, none last", lambda good: good.sealed(_more(good.header, '"alg":"none"'))
    yield "typ", lambda good: good.sealed('{"typ":"x",' + written({**good.header, "typ": "y"})[1:])
    yield "in the header, deep", lambda good: good.sealed(_more(good.header, '"x":{"a":1,"a":2}'))
    yield "in the claims, deep", lambda good: _claims_more(good, '"x":[{"a":1,"a":2}]')
    yield "spelled in two ways", lambda good: _claims_more(good, '"x":1,"\\u0078":1')
    for name in ("iss", "sub", "aud", "exp", "jti", "client_id", "scope"):
        yield f"{name}, the other first", partial(_claim_twice, name=name, first=True)
        yield f"{name}, the other last", partial(_claim_twice, name=name, first=False)


def _claim_twice(good: Good, *, name: str, first: bool) -> str:
    claims, more = dict(good.claims()), f'"{name}":"other"'
    claims.setdefault(name, "one")
    text = written(claims)
    return good.sealed(body="{" + more + "," + text[1:] if first else f"{text[:-1]},{more}}}")


def _more(members: Any, text: str) -> str:
    return f"{written(members)[:-1]},{text}}}"


def _claims_more(good: Good, text: str) -> str:
    return good.sealed(body=_more(good.claims(), text))


def _not_jws() -> Iterator[tuple[str, Case]]:
    yield "dir", lambda good: _encrypted(good, {"alg": "dir", "enc": "A256GCM"})
    yield "ECDH-ES to the signer's own key", _to_the_key
    yield "five parts of nothing", lambda good: f"{b64(b'{}')}....{b64(b'x')}"
    yield "a JWS in a JWS", lambda good: good.sealed(body=good.token())
    yield (
        "a JWS in a JWS, told",
        lambda good: good.sealed(written({**good.header, "cty": "JWT"}), json.dumps(good.token())),
    )
    yield "flattened JSON", _flattened
    yield "general JSON", lambda good: json.dumps({"signatures": [json.loads(_flattened(good))]})
    yield "the claims as JSON", lambda good: written(good.claims())


def _encrypted(good: Good, header: dict[str, Any]) -> str:
    claims = written(good.claims())
    return str(jwe.encrypt_compact(header, claims, OctKey.generate_key(256)))


def _to_the_key(good: Good) -> str | None:
    if good.key.alg != "ES256":
        return None
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": good.key.kid}
    public = ECKey.import_key({n: v for n, v in good.key.jwk().items() if n not in ("use", "alg")})
    return str(jwe.encrypt_compact(header, written(good.claims()), public))


def _flattened(good: Good) -> str:
    first, second, signature = good.token().split(".")
    return json.dumps({"protected": first, "payload": second, "signature": signature})


def _large() -> Iterator[tuple[str, Case]]:
    yield "nine thousand letters of a claim", lambda good: good.token(claims={"pad": "x" * 9000})
    yield "nine thousand letters of a header", lambda good: good.token(header={"pad": "x" * 9000})
    yield "nine thousand dots", lambda good: "." * 9000
    yield "nine thousand letters", lambda good: "a" * 9000
    yield "nine thousand parts", lambda good: "a." * 4500


def _harmless() -> Iterator[tuple[str, Case]]:
    """Odd, and as good as any: what the specifications allow is not refused."""
    at = "http://127.0.0.1:9/stranger"
    yield "as it is", lambda good: good.token()
    yield (
        "JSON with spaces and line ends",
        lambda good: good.sealed(
            json.dumps(good.header, indent=1), json.dumps(dict(good.claims()), indent=2)
        ),
    )
    yield "JSON in escapes", lambda good: good.sealed(body=_escaped(written(good.claims())))
    yield (
        "a backslash before the letter u",
        lambda good: good.token(claims={"x": "\\ud800 \\u0000 é"}),
    )
    yield "an unknown claim", lambda good: good.token(claims={"x": {"a": [1, 2.5, None, "é"]}})
    yield "an unknown member of the header", lambda good: good.token(header={"x": [1]})
    for name in ("jku", "x5u"):
        yield f"{name} that nobody needs", partial(_header, **{name: at})
    yield "x5c that nobody needs", partial(_header, x5c=["MIIB"])
    yield "b64 that is not critical", partial(_header, b64=True)


def _escaped(text: str) -> str:
    """The same JSON with the first letter of each name as an escape."""
    return f'{{"\\u{ord(text[2]):04x}{text[3:]}'


KEY_IDS: Group = dict(_kids())
CRITICAL: Group = dict(_criticals())
TYPES: Group = dict(_types())
SPELLINGS: Group = dict(_spelled())
NOT_JSON: Group = dict(_jsons())
TWICE: Group = dict(_twice())
NO_SIGNED_JWT: Group = dict(_not_jws())
LARGE: Group = dict(_large())
HARMLESS: Group = dict(_harmless())
