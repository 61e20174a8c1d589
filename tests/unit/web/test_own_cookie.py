"""The cookie that goes back to us alone: what is set, and what is believed of what comes."""

from __future__ import annotations

import pytest

from portero.kit.secrets import Secret
from portero.web.own_cookie import OwnCookie

ISSUER = "https://id.example/auth"
SECRET, OTHER = "s" * 43, "o" * 43


def cookie(issuer: str = ISSUER) -> OwnCookie:
    return OwnCookie("portero", issuer=issuer, max_age_seconds=60)


def sent(made: OwnCookie, value: str) -> dict[str, str]:
    """By name, what a browser sends back."""
    lines = [line.partition(";")[0].partition("=") for _, line in made.put(Secret(value))]
    return {name: value for name, _, value in lines}


def header(*pairs: tuple[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in pairs)


def test_without_a_path_it_is_one_host_cookie() -> None:
    """`__Host-` demands Path=/, Secure and no Domain (RFC 6265bis §4.1.3.2)."""
    assert cookie("https://id.example").put(Secret(SECRET)) == (
        (
            "Set-Cookie",
            f"__Host-portero={SECRET}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure",
        ),
    )


def test_with_a_path_the_secret_goes_there_alone() -> None:
    """Whatever else is on the host is sent a witness, which says nothing of the secret."""
    secret, witness = (line for _, line in cookie().put(Secret(SECRET)))
    assert secret.startswith(f"__Secure-portero={SECRET}; ")
    assert "; Path=/auth;" in secret
    assert witness.startswith("__Host-portero+auth=")
    assert "; Path=/;" in witness
    assert SECRET not in witness
    for line in (secret, witness):
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))
        assert "Domain" not in line


def test_on_loopback_it_has_no_prefix_and_still_its_path() -> None:
    """Browsers refuse both prefixes on http."""
    assert cookie("http://127.0.0.1:8000/auth").put(Secret(SECRET)) == (
        ("Set-Cookie", f"portero={SECRET}; Max-Age=60; Path=/auth; HttpOnly; SameSite=Lax"),
    )


def test_two_issuers_of_one_host_do_not_undo_each_other() -> None:
    """No name that is sent to the whole host is shared."""
    paths = ("", "/a", "/b", "/a/b", "/a.b", "/a-b")
    names = [cookie(f"https://id.example{path}").witness for path in paths[1:]]
    assert len({*names, cookie("https://id.example").name}) == len(paths)


@pytest.mark.parametrize("issuer", [ISSUER, "https://id.example", "http://127.0.0.1:8000/auth"])
def test_what_was_set_is_read(issuer: str) -> None:
    """Beside other cookies, wherever they stand."""
    made = cookie(issuer)
    pairs = [*sent(made, SECRET).items(), ("theme", "dark"), ("", "nameless")]
    assert made.read(header(*pairs)) == SECRET
    assert made.read(header(*reversed(pairs))) == SECRET
    assert made.read(None) == made.read("theme=dark") == ""


def test_a_cookie_planted_by_a_subdomain_counts_for_nothing() -> None:
    """It can set `__Secure-` with the host's Domain, never `__Host-`: session fixation."""
    made = cookie()
    own, planted = sent(made, SECRET), sent(made, OTHER)
    assert made.read(header((made.name, planted[made.name]))) == ""
    genuine = (made.name, own[made.name]), (made.witness, own[made.witness])
    assert made.read(header((made.name, OTHER), *genuine)) == SECRET
    assert made.read(header((made.name, OTHER), genuine[1])) == ""


@pytest.mark.parametrize("witness", ["", SECRET, "0" * 64, "é"])
def test_a_witness_is_of_this_secret(witness: str) -> None:
    """Nor is an empty one, or one of anything else."""
    made = cookie()
    assert made.read(header((made.name, SECRET), (made.witness, witness))) == ""
    assert made.read(header((made.name, ""), *list(sent(made, "").items()))) == ""


def test_both_are_forgotten_together() -> None:
    """Cleared with the same paths, or browsers keep them."""
    for kept, cleared in zip(cookie().put(Secret(SECRET)), cookie().clear(), strict=True):
        path = kept[1].partition("; Path=")[2].partition(";")[0]
        assert f"; Path={path};" in cleared[1]
        assert "=; Max-Age=0;" in cleared[1]


def test_what_can_not_be_ours_is_not_looked_up() -> None:
    """Too long, or no ASCII."""
    made = cookie("https://id.example")
    assert made.read(header((made.name, "x" * 513))) == ""
    assert made.read(header((made.name, "é"))) == ""
