"""Settings from the environment and from linecard.toml."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from linecard.errors import ConfigurationError
from linecard.settings import AccountSettings, Secret, Settings, from_here, load_settings
from linecard.settings.init import write_config
from linecard.settings.keys import Scope, scoped_keys

KEY, SIGN = "k" * 16, "s" * 32
GOOD = {
    "LINECARD_PUBLIC_URL": "https://calls.example.com",
    "LINECARD_API_KEY": KEY,
    "LINECARD_SECRET": SIGN,
}


@dataclass(frozen=True, slots=True)
class AcmeSettings:
    auth_id: str
    auth_token: Secret
    api_url: str = "https://api.acme.example"
    retries: int = 2
    strict: bool = False
    hosts: tuple[str, ...] = ()
    region: str | None = None
    cached: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.auth_id == "WRONG":
            raise ConfigurationError("ACME_AUTH_ID must be the id from the console")


class Acme:
    settings = AcmeSettings


PROVIDERS: Mapping[str, type] = {"acme": Acme, "two-part": Acme}


def load(environment: Mapping[str, str] = GOOD, toml: Path | None = None) -> Settings:
    return load_settings(environment, PROVIDERS, str(toml) if toml else None)


def complaint(environment: Mapping[str, str], toml: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environment, toml)
    return str(caught.value)


def test_price_lists_by_owner(tmp_path: Path) -> None:
    path = tmp_path / "linecard.toml"
    path.write_text('[prices]\nacme = "a.csv"\n"acme:india" = "b.toml"')
    assert load(toml=path).prices == {"acme": "a.csv", "acme:india": "b.toml"}
    assert load({**GOOD, "LINECARD_PRICES": "all.toml"}, path).prices == {"": "all.toml"}
    path.write_text("prices = 'all.csv'")
    assert load(toml=path).prices == {"": "all.csv"}
    path.write_text("[prices]\nacme = 1")
    assert "prices holds acme: must be a text" in complaint(GOOD, path)


def test_what_is_not_set_has_its_default() -> None:
    settings = load()
    assert settings == Settings(
        public_url="https://calls.example.com", api_key=Secret(KEY), secret=Secret(SIGN)
    )
    assert settings.database_url == "sqlite:///linecard.db"
    assert settings.allowed_countries is None
    assert settings.accounts == {}


def test_every_setting_can_be_a_variable() -> None:
    settings = load(
        {
            **GOOD,
            "LINECARD_DATABASE_URL": "postgresql://u:hush@h/n",
            "LINECARD_ALLOWED_COUNTRIES": "us, IN",
            "LINECARD_TRANSFER_ALLOW": "+14155550100, +1415*,sip:*@cc.example.com",
            "LINECARD_MAX_CALLS_PER_MINUTE": "5",
            "LINECARD_MAX_LIVE_CALLS": "6",
            "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY": "0",
            "LINECARD_DAILY_SPEND": "99.50",
            "LINECARD_INSTANCE": "worker-1",
            "LINECARD_FALLBACK_URL": "https://static.example.com/apology.xml?v=1",
            "LINECARD_TRUSTED_PROXIES": "10.0.0.0/8, 192.168.0.1",
            "LINECARD_CONFIG": "elsewhere.toml",
        }
    )
    assert settings.allowed_countries == frozenset({"US", "IN"})
    assert settings.transfer_allow == ("+14155550100", "+1415*", "sip:*@cc.example.com")
    assert settings.max_calls_per_minute == 5
    assert settings.max_live_calls == 6
    assert settings.max_calls_per_number_per_day == 0
    assert (settings.daily_spend, settings.instance) == (Decimal("99.5"), "worker-1")
    assert settings.fallback_url == "https://static.example.com/apology.xml?v=1"
    assert settings.trusted_proxies == ("10.0.0.0/8", "192.168.0.1")
    assert "hush" not in repr(settings)


def test_the_file_says_the_same_and_variables_win(tmp_path: Path) -> None:
    toml = tmp_path / "linecard.toml"
    toml.write_text(
        f"""
        public_url = "http://localhost:8080/line/"
        api_key = "{KEY}"
        secret = "{SIGN}"
        allowed_countries = ["DE"]
        max_live_calls = 7
        max_calls_per_minute = 8
        """
    )
    settings = load({"LINECARD_MAX_LIVE_CALLS": "9", "LINECARD_SECRET": ""}, toml)
    assert settings.public_url == "http://localhost:8080/line"
    assert settings.allowed_countries == frozenset({"DE"})
    assert (settings.max_live_calls, settings.max_calls_per_minute) == (9, 8)


def test_secrets_may_rotate() -> None:
    old, new = "o" * 32, "n" * 32
    settings = load({**GOOD, "LINECARD_SECRET": f"{new},{old}", "LINECARD_API_KEY": f"{KEY},{old}"})
    assert settings.secret.values() == (new, old)
    assert settings.api_key.values() == (KEY, old)


@pytest.mark.parametrize(
    "url",
    [
        "https://calls.example.com:8443/prefix",
        "http://127.0.0.1:8080",
        "http://127.8.9.1",
        "http://[::1]:8080",
        "http://localhost",
    ],
)
def test_public_urls_that_do(url: str) -> None:
    assert load({**GOOD, "LINECARD_PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://calls.example.com", "https"),
        ("http://10.0.0.1", "https"),
        ("http://localhost.example.com", "https"),
        ("ftp://calls.example.com", "address"),
        ("calls.example.com", "address"),
        ("https://", "address"),
        ("https://user@calls.example.com", "user"),
        ("https://calls.example.com/?a=1", "query"),
        ("https://calls.example.com:port", "[Pp]ort"),
    ],
)
def test_public_urls_that_do_not(url: str, reason: str) -> None:
    said = complaint({**GOOD, "LINECARD_PUBLIC_URL": url})
    assert "LINECARD_PUBLIC_URL" in said
    assert re.search(reason, said)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("LINECARD_API_KEY", "k" * 15, "15 characters"),
        ("LINECARD_API_KEY", f"{KEY},short", "5 characters"),
        ("LINECARD_API_KEY", f"{KEY},{KEY},{KEY}", "two"),
        ("LINECARD_SECRET", "s" * 31, "31 characters"),
        ("LINECARD_NOTIFY_SECRET", "s" * 40, "must begin with whsec_"),
        ("LINECARD_NOTIFY_SECRET", "whsec_not base64", "must be Base64"),
        ("LINECARD_NOTIFY_SECRET", "whsec_c2hvcnQ=", "too short"),
        ("LINECARD_NOTIFY_SECRET", ",".join(["whsec_" + "YWJj" * 8] * 3), "more than two"),
        ("LINECARD_SECRET", f"{SIGN},{KEY}", "16 characters"),
        ("LINECARD_SECRET", " , ", "secret"),
        ("LINECARD_ALLOWED_COUNTRIES", "US,XX,England", "XX, ENGLAND"),
        ("LINECARD_TRANSFER_ALLOW", "+1415*,4155550100", "4155550100"),
        ("LINECARD_TRANSFER_ALLOW", "*", "holds *"),
        ("LINECARD_MAX_LIVE_CALLS", "many", "whole number"),
        ("LINECARD_MAX_LIVE_CALLS", "-1", "0 or more"),
        ("LINECARD_FALLBACK_URL", "http://static.example.com/x", "https"),
        ("LINECARD_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "proxy"),
        ("LINECARD_SECERT", SIGN, "did you mean secret"),
        ("LINECARD_NOISE", "1", "not a setting"),
        ("LINECARD_ACCOUNTS", "x", "not a setting"),
    ],
)
def test_a_wrong_variable_is_named_with_what_to_do(name: str, value: str, reason: str) -> None:
    said = complaint({**GOOD, name: value})
    assert name in said
    assert reason in said
    assert SIGN not in said
    assert KEY not in said


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    toml = tmp_path / "linecard.toml"
    toml.write_text('colour = "red"\nmax_live_calls = true\n[accounts.one]\nprovider = "nobody"\n')
    said = complaint({"LINECARD_SECRET": "short", "ACME_AUTH_ID": "a"}, toml)
    for name in (
        "LINECARD_PUBLIC_URL is not set",
        "LINECARD_API_KEY is not set",
        "LINECARD_SECRET has 5 characters",
        "colour is not a setting",
        "max_live_calls must be a whole number",
        "accounts.one.provider",
        "ACME_AUTH_TOKEN is not set, but ACME_AUTH_ID is",
    ):
        assert name in said


@pytest.mark.parametrize("contents", [b"public_url = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, contents: bytes) -> None:
    toml = tmp_path / "linecard.toml"
    toml.write_bytes(contents)
    assert str(toml) in complaint(GOOD, toml)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere.toml" in complaint(GOOD, tmp_path / "nowhere.toml")


def test_an_account_is_made_of_variables() -> None:
    settings = load(
        {
            **GOOD,
            "ACME_AUTH_ID": "MA1",
            "ACME_AUTH_TOKEN": "new,old",
            "ACME_RETRIES": "5",
            "ACME_STRICT": "yes",
            "ACME_HOSTS": "a.example, b.example",
            "ACME_REGION": "mumbai",
            "ACME_ANSWER_COLOUR": "of another tool",
            "OTHER_AUTH_ID": "not installed",
        }
    )
    values = AcmeSettings(
        auth_id="MA1",
        auth_token=Secret("new,old"),
        retries=5,
        strict=True,
        hosts=("a.example", "b.example"),
        region="mumbai",
    )
    account = AccountSettings(provider="acme", name="main", values=values)
    assert settings.accounts == {"acme": (account,)}


def test_a_name_with_a_hyphen_has_an_underscore_in_its_variables() -> None:
    settings = load({**GOOD, "TWO_PART_AUTH_ID": "a", "TWO_PART_AUTH_TOKEN": "b"})
    assert [one.name for one in settings.accounts["two-part"]] == ["main"]


def test_accounts_stand_in_tables(tmp_path: Path) -> None:
    toml = tmp_path / "linecard.toml"
    toml.write_text(
        """
        [accounts.sales]
        provider = "acme"
        auth_id = "MA1"
        auth_token = "t1"
        hosts = ["a.example"]
        strict = true

        [accounts.main]
        provider = "acme"
        auth_id = "MA2"
        auth_token = "t2"
        """
    )
    found = load({**GOOD, "ACME_AUTH_TOKEN": "t3"}, toml).accounts["acme"]
    assert {one.name: one.values for one in found} == {
        "sales": AcmeSettings("MA1", Secret("t1"), hosts=("a.example",), strict=True),
        "main": AcmeSettings("MA2", Secret("t3")),
    }


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"ACME_AUTH_ID": "a"}, "ACME_AUTH_TOKEN is not set, but ACME_AUTH_ID is"),
        ({"ACME_API_URL": "https://x.example"}, "ACME_AUTH_ID is not set, but ACME_API_URL is"),
        ({"ACME_AUTH_ID": "a", "ACME_AUTH_TOKEN": ","}, "ACME_AUTH_TOKEN must hold a secret"),
        ({"ACME_AUTH_ID": "WRONG", "ACME_AUTH_TOKEN": "b"}, "acme:main: ACME_AUTH_ID must be"),
        (
            {"ACME_AUTH_ID": "a", "ACME_AUTH_TOKEN": "b", "ACME_RETRIES": "x"},
            "ACME_RETRIES must be a whole number",
        ),
        (
            {"ACME_AUTH_ID": "a", "ACME_AUTH_TOKEN": "b", "ACME_STRICT": "maybe"},
            "ACME_STRICT must be true or false",
        ),
    ],
)
def test_half_an_account_is_refused(variables: Mapping[str, str], reason: str) -> None:
    assert reason in complaint({**GOOD, **variables})


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('[accounts.x]\nauth_id = "a"', "accounts.x.provider must name"),
        ('[accounts.x]\nprovider = ["acme"]', "accounts.x.provider must name"),
        ('[accounts.x]\nprovider = "acme"', "accounts.x.auth_id is not set"),
        (
            '[accounts.x]\nprovider = "acme"\nauth_id = "a"\nauth_token = "b"\nauth_idd = "c"',
            "accounts.x.auth_idd is not a setting of acme",
        ),
        (
            '[accounts.x]\nprovider = "acme"\nauth_id = 5\nauth_token = "b"',
            "accounts.x.auth_id must be a text",
        ),
        ('accounts = "main"', "[accounts.NAME]"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, table: str, reason: str) -> None:
    toml = tmp_path / "linecard.toml"
    toml.write_text(table)
    assert reason in complaint(GOOD, toml)


def test_empty_variables_are_as_good_as_none() -> None:
    assert load({**GOOD, "ACME_AUTH_ID": "", "LINECARD_FALLBACK_URL": " "}) == load()


def test_settings_are_found_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    assert from_here({}).max_live_calls == 1000
    Path("linecard.toml").write_text("max_live_calls = 1")
    assert from_here({}).max_live_calls == 1
    Path("other.toml").write_text("max_live_calls = 2")
    monkeypatch.setenv("LINECARD_CONFIG", "other.toml")
    assert from_here({}).max_live_calls == 2


def test_init_writes_a_file_that_works_and_is_private(tmp_path: Path) -> None:
    path, other = tmp_path / "linecard.toml", tmp_path / "other.toml"
    write_config(path)
    write_config(other)
    settings = load({}, path)
    assert settings.secret != load({}, other).secret
    assert settings.api_key != load({}, other).api_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_commented_lines_of_that_file_are_right_too(tmp_path: Path) -> None:
    path = tmp_path / "linecard.toml"
    write_config(path)
    lines = path.read_text().splitlines()
    shown = [line[2:] if line.startswith("# ") and " = " in line else line for line in lines]
    whole = "\n".join(shown).replace('provider = "NAME"', "")
    path.write_text(whole)
    settings = load({}, path)
    assert settings.allowed_countries == frozenset({"US", "IN"})
    assert settings.fallback_url is not None
    assert settings.max_live_calls == 1000


def test_init_touches_nothing_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "linecard.toml"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        write_config(path)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_config(tmp_path / "nowhere" / "linecard.toml")


def test_a_secret_never_prints() -> None:
    secret = Secret("hush-hush")
    shown = f"{secret} {secret!r} {[secret]} {AcmeSettings('a', secret)}"
    assert "hush" not in shown
    assert secret.reveal() == "hush-hush"
    assert secret == Secret("hush-hush") != Secret("other")
    assert len({secret, Secret("hush-hush")}) == 1


def test_keys_have_scopes_and_one_without_may_do_everything() -> None:
    read, call = "r" * 16, "c" * 16
    settings = load({**GOOD, "LINECARD_API_KEY": f"{KEY}, read:{read} ,call: {call}"})
    keys = {key.text: key.scope for key in scoped_keys(settings.api_key)}
    assert keys == {KEY: Scope.ADMIN, read: Scope.READ, call: Scope.CALL}
    assert read not in repr(settings) + repr(scoped_keys(settings.api_key))
    assert Scope.ADMIN.covers(Scope.READ)
    assert not Scope.READ.covers(Scope.CALL)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (f"{KEY},read:short", "5 characters and needs at least 16"),
        (f"{KEY},read:", "0 characters"),
        (f"{KEY},admin:{'b' * 16},{'c' * 16}", "more than two keys of the scope admin"),
        (f"{KEY},read:{KEY}", "one key twice"),
        (f"Read:{KEY}", "a scope that is none, 'Read'"),
        (f"{KEY},readonly:{'b' * 16}", "a scope that is none, 'readonly'"),
    ],
)
def test_wrong_keys_are_refused(given: str, why: str) -> None:
    said = complaint({**GOOD, "LINECARD_API_KEY": given})
    assert why in said
    assert KEY not in said


def test_days_to_keep_are_a_list_or_a_table(tmp_path: Path) -> None:
    assert str(load().keep_days) == "calls=400,payloads=30,flights=7"
    given = load({**GOOD, "LINECARD_KEEP_DAYS": "flights=0, calls = 90"}).keep_days
    assert (given.calls, given.payloads, given.flights) == (90, 30, 0)
    toml = tmp_path / "linecard.toml"
    toml.write_text("[keep_days]\npayloads = 3")
    assert load(toml=toml).keep_days.payloads == 3
    assert load({**GOOD, "LINECARD_KEEP_DAYS": str(given)}).keep_days == given


@pytest.mark.parametrize("given", ["30", "calls", "calls=-1", "calls=x", "recordings=3"])
def test_wrong_days_to_keep_are_refused_with_the_right_form(given: str) -> None:
    said = complaint({**GOOD, "LINECARD_KEEP_DAYS": given})
    assert "LINECARD_KEEP_DAYS" in said
    assert "calls=400,payloads=30,flights=7" in said
