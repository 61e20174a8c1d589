"""Where settings come from, and which of two sources wins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portero.settings import DECLARED, SettingsError, load


def test_nothing_set_is_a_working_development_server(tmp_path: Path) -> None:
    """The defaults alone give a loopback issuer, an SQLite file in ./var and development."""
    settings = load({}, cwd=tmp_path)
    assert settings.issuer == "http://127.0.0.1:8000"
    assert settings.api_audience == "http://127.0.0.1:8000/api"
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/var/portero.db"
    assert settings.data_dir == tmp_path / "var"
    assert settings.mail_from == "no-reply@localhost"
    assert settings.development


def test_each_source_beats_the_weaker_ones(tmp_path: Path) -> None:
    """default < portero.toml < .env < environment < command line."""
    assert load({}, cwd=tmp_path).product_name == "Portero"
    (tmp_path / "portero.toml").write_text('product_name = "toml"\n')
    assert load({}, cwd=tmp_path).product_name == "toml"
    (tmp_path / ".env").write_text("PORTERO_PRODUCT_NAME=dotenv\n")
    assert load({}, cwd=tmp_path).product_name == "dotenv"
    environ = {"PORTERO_PRODUCT_NAME": "environment"}
    assert load(environ, cwd=tmp_path).product_name == "environment"
    strongest = {"PORTERO_PRODUCT_NAME": "command line"}
    assert load(environ, cwd=tmp_path, overrides=strongest).product_name == "command line"


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    """Compose passes an unset variable as an empty one; it must not hide `.env`."""
    (tmp_path / ".env").write_text("PORTERO_PORT=9000\n")
    assert load({"PORTERO_PORT": ""}, cwd=tmp_path).port == 9000


def test_a_file_holds_a_secret_without_its_last_line_end(tmp_path: Path) -> None:
    """KEY_FILE gives the content; one line end is dropped, a space in front is not."""
    (tmp_path / "pass").write_text(" s3cret\n\n")
    environ = {
        "PORTERO_SMTP_PASSWORD_FILE": "pass",
        "PORTERO_SMTP_USERNAME": "u",
        "PORTERO_SMTP_HOST": "mail.example.org",
    }
    assert load(environ, cwd=tmp_path).smtp_password.reveal() == " s3cret\n"


def test_a_file_beats_the_toml_file(tmp_path: Path) -> None:
    """A mounted secret replaces what the image's portero.toml says."""
    (tmp_path / "portero.toml").write_text('product_name = "toml"\n')
    (tmp_path / "name").write_text("mounted\n")
    settings = load({"PORTERO_PRODUCT_NAME_FILE": "name"}, cwd=tmp_path)
    assert settings.product_name == "mounted"


@pytest.mark.parametrize("dotenv", ["PORTERO_PORT=1\n", ""])
def test_a_key_and_its_file_together_contradict(tmp_path: Path, dotenv: str) -> None:
    """Whether both are in the environment or one in `.env`, nobody knows which was meant."""
    (tmp_path / "port").write_text("8001")
    (tmp_path / ".env").write_text(dotenv)
    environ = {"PORTERO_PORT_FILE": "port"} | ({} if dotenv else {"PORTERO_PORT": "1"})
    with pytest.raises(SettingsError, match="PORTERO_PORT and PORTERO_PORT_FILE are both set"):
        load(environ, cwd=tmp_path)


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    """The sentence names the key and the path."""
    with pytest.raises(SettingsError, match=r"SECRET_KEY_FILE names .*/nowhere, which can't be"):
        load({"SECRET_KEY_FILE": "nowhere"}, cwd=tmp_path)


def test_dotenv_is_read_and_not_exported(tmp_path: Path) -> None:
    """Quotes and comments are python-dotenv's; `${…}` is kept; other programs' keys are passed."""
    key = "k9${HOME}#x-Zr4mQ8vL2xT7pK9wB3nH6yD1"
    (tmp_path / ".env").write_text(f"# ours\nexport SECRET_KEY='{key}'\nFLASK_DEBUG=1\n")
    environ: dict[str, str] = {}
    assert load(environ, cwd=tmp_path).secret_key.reveal() == key
    assert environ == {}


def test_a_broken_dotenv_line_stops(tmp_path: Path) -> None:
    """A quote that is never closed does not swallow the rest in silence."""
    (tmp_path / ".env").write_text("PORTERO_PORT=9000\nSECRET_KEY='abc\n")
    with pytest.raises(SettingsError, match=r"\.env line 2"):
        load({}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("environ", "suggestion"),
    [
        ({"PORTERO_ISSUR": "x"}, "did you mean PORTERO_ISSUER?"),
        ({"PORTERO_SECRET_KEY": "x"}, "did you mean SECRET_KEY?"),
        ({"PORTERO_SERVICE_HOST": "10.0.0.1"}, "enableServiceLinks"),
        ({"PORTERO_PORT": "tcp://10.0.0.1:80"}, "enableServiceLinks"),
    ],
)
def test_an_unknown_key_stops_with_a_suggestion(
    tmp_path: Path, environ: dict[str, str], suggestion: str
) -> None:
    """A typing error must not silently mean the default."""
    with pytest.raises(SettingsError) as refused:
        load(environ, cwd=tmp_path)
    assert suggestion in str(refused.value)
    assert refused.value.key == next(iter(environ))


def test_an_unknown_toml_key_stops_with_a_suggestion(tmp_path: Path) -> None:
    """The same holds for the file, in its own spelling."""
    (tmp_path / "portero.toml").write_text("session_second = 5\n")
    with pytest.raises(SettingsError, match="did you mean session_seconds"):
        load({}, cwd=tmp_path)


def test_an_unknown_override_stops(tmp_path: Path) -> None:
    """A wrong option of the command line is no setting either."""
    with pytest.raises(SettingsError, match="did you mean PORTERO_PORT"):
        load({}, cwd=tmp_path, overrides={"PORTERO_PROT": "1"})


def test_toml_types_become_settings(tmp_path: Path) -> None:
    """Numbers, booleans and lists are written as TOML has them."""
    (tmp_path / "portero.toml").write_text(
        'port = 9001\npassword_api = false\ntrusted_proxies = ["10.0.0.0/8", "192.0.2.7/32"]\n'
    )
    settings = load({}, cwd=tmp_path)
    assert (settings.port, settings.password_api) == (9001, False)
    assert [str(net) for net in settings.trusted_proxies] == ["10.0.0.0/8", "192.0.2.7/32"]


@pytest.mark.parametrize("place", ["environment", "dotenv"])
def test_the_toml_file_can_be_elsewhere(tmp_path: Path, place: str) -> None:
    """PORTERO_CONFIG names it, in the environment as in `.env`."""
    (tmp_path / "other.toml").write_text("port = 9002\n")
    environ = {"PORTERO_CONFIG": "other.toml"}
    if place == "dotenv":
        (tmp_path / ".env").write_text("PORTERO_CONFIG=other.toml\n")
        environ = {}
    assert load(environ, cwd=tmp_path).port == 9002


def test_a_named_toml_file_has_to_be_there(tmp_path: Path) -> None:
    """Falling back to the defaults would start another server than the one described."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml can't be read"):
        load({"PORTERO_CONFIG": "nowhere.toml"}, cwd=tmp_path)


def test_broken_toml_stops(tmp_path: Path) -> None:
    """With the line that tomllib names."""
    (tmp_path / "portero.toml").write_text("port = \n")
    with pytest.raises(SettingsError, match=r"not valid TOML: .*line 1"):
        load({}, cwd=tmp_path)


def test_sources_are_told(tmp_path: Path) -> None:
    """`portero settings` says for each value where it was written."""
    (tmp_path / "portero.toml").write_text("workers = 2\n")
    (tmp_path / ".env").write_text("PORTERO_THREADS=8\n")
    (tmp_path / "level").write_text("debug\n")
    settings = load(
        {"PORTERO_LOG_FORMAT": "console", "PORTERO_LOG_LEVEL_FILE": "level"},
        cwd=tmp_path,
        overrides={"PORTERO_PORT": "9003"},
    )
    told = {line.key: (line.value_text, line.source) for line in settings.effective()}
    assert told["PORTERO_WORKERS"] == ("2", "portero.toml")
    assert told["PORTERO_THREADS"] == ("8", ".env")
    assert told["PORTERO_LOG_FORMAT"] == ("console", "environment")
    assert told["PORTERO_LOG_LEVEL"] == ("debug", f"{tmp_path}/level (environment)")
    assert told["PORTERO_PORT"] == ("9003", "command line")
    assert told["PORTERO_HOST"] == ("127.0.0.1", "default")
    assert told["SECRET_KEY"] == ("***", f"generated ({tmp_path}/var/secret_key)")


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """Neither `effective` nor the repr shows one, nor the password of a database URL."""
    environ = {
        "SECRET_KEY": "k9-Zr4mQ8vL2xT7pK9wB3nH6yD1-MARK-a",
        "SECRET_KEY_FALLBACKS": "MARK-b,MARK-c",
        "DATABASE_URL": "postgresql://portero:MARK-d@db:5432/x?sslmode=require&sslpassword=MARK-e",
        "PORTERO_PASSWORD_PEPPER": "MARK-f-Zr4mQ8vL2xT7pK9wB3nH6yD1xx",
        "PORTERO_SMTP_HOST": "mail.example.org",
        "PORTERO_SMTP_USERNAME": "u",
        "PORTERO_SMTP_PASSWORD": "MARK-g",
    }
    settings = load(environ, cwd=tmp_path)
    assert "MARK" not in repr(settings) + repr(settings.effective())
    told = {line.key: line.value_text for line in settings.effective()}
    assert told["DATABASE_URL"] == (
        "postgresql://portero:***@db:5432/x?sslmode=require&sslpassword=***"
    )
    assert told["SECRET_KEY_FALLBACKS"] == "***,***"
    assert told["PORTERO_PASSWORD_PEPPER_FALLBACKS"] == ""


def test_a_refused_value_is_not_repeated(tmp_path: Path) -> None:
    """A password pasted into the wrong line stays out of the log."""
    for row in DECLARED:
        pasted = 'MARK\t"pasted" <secret>'
        if row.secret and row.key != "DATABASE_URL":
            continue  # any text is a secret
        with pytest.raises(SettingsError) as refused:
            load({row.key: pasted}, cwd=tmp_path)
        assert "MARK" not in str(refused.value)


def test_every_setting_has_a_meaning_and_a_default_that_parses(tmp_path: Path) -> None:
    """The reference is made from this table: no row without a sentence."""
    keys = [row.key for row in DECLARED]
    assert len(set(keys)) == len(keys) >= 50
    assert all(row.meaning.endswith((".", "better).")) for row in DECLARED)
    tables = ["[attributes]", "[authorization_details]", "[brands]", "[scopes]"]
    assert [line.key for line in load({}, cwd=tmp_path).effective()] == [*keys, *tables]


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    """`portero --help` and every short command pay for what settings import."""
    program = (
        "import sys, pathlib, portero.settings as s\n"
        f"s.load({{}}, cwd=pathlib.Path({str(tmp_path)!r}))\n"
        "heavy = {'sqlalchemy', 'flask', 'pydantic', 'cryptography', 'babel', 'phonenumbers',"
        " 'email_validator', 'jwt', 'dotenv', 'httpx2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_declared_attributes_are_read(tmp_path: Path) -> None:
    """`[attributes]` gives the rules that profiles are checked by."""
    (tmp_path / "portero.toml").write_text(
        '[attributes.team]\ntype = "enum"\nvalues = ["a", "b"]\nrequired = true\n'
        "[attributes.note]\nmax_length = 40\nowner_editable = false\n"
    )
    schema = load({}, cwd=tmp_path).attributes
    assert (schema["team"].values, schema["team"].required) == (("a", "b"), True)
    assert (schema["note"].max_length, schema["note"].owner_editable) == (40, False)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("attributes = 3", "must be a table"),
        ("[attributes.Team]", "lower-case"),
        ("[attributes.team]\ncolour = 1", "must be a table of"),
        ('[attributes.team]\ntype = "list"', "type must be one of"),
        ('[attributes.team]\ntype = "enum"', "enum needs it"),
        ('[attributes.team]\nvalues = ["a"]', "belongs to the type enum"),
        ("[attributes.team]\nmax_length = 0", "max_length must be"),
        ('[attributes.team]\nrequired = "yes"', "required must be true or false"),
    ],
)
def test_a_senseless_attribute_stops(tmp_path: Path, table: str, sentence: str) -> None:
    """Each mistake in the schema has its own sentence."""
    (tmp_path / "portero.toml").write_text(table + "\n")
    with pytest.raises(SettingsError, match=sentence):
        load({}, cwd=tmp_path)


def test_a_proxys_network_in_its_ipv6_spelling_is_the_same_network(tmp_path: Path) -> None:
    """Peers are compared as IPv4 addresses, however the socket writes them."""
    settings = load({"PORTERO_TRUSTED_PROXIES": "::ffff:10.0.0.0/104,2001:db8::/32"}, cwd=tmp_path)
    assert [str(net) for net in settings.trusted_proxies] == ["10.0.0.0/8", "2001:db8::/32"]


def test_the_url_of_redis_is_a_secret_and_has_to_be_one(tmp_path: Path) -> None:
    """It may hold a password; and a file may hold it."""
    place = tmp_path / "url"
    place.write_text("redis://:s3cret@127.0.0.1:1/0\n")
    settings = load({"PORTERO_REDIS_URL_FILE": str(place)}, cwd=tmp_path)
    assert settings.redis_url.reveal().endswith("@127.0.0.1:1/0")
    assert "s3cret" not in repr(settings)
    with pytest.raises(SettingsError, match="redis://, rediss:// or unix://"):
        load({"PORTERO_REDIS_URL": "http://127.0.0.1"}, cwd=tmp_path)
