"""With whom a dashboard is shared: what the settings must be, and who may do what."""

import pytest

from bort.core.errors import SharingError
from bort.core.sharing import SESSION_S, Access, Login, Sharing, read_sharing

NOW = 1_800_000_000.0
SETTINGS = {
    "url": "https://bort.example.com/lab/",
    "client_id": "bort",
    "client_secret": "given by the provider",
    "metadata_url": "https://login.example.com/.well-known/openid-configuration",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
}
VARIABLES = {f"BORT_SHARE_{name.upper()}": value for name, value in SETTINGS.items()}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    return tmp_path


def write(folder, text, mode=0o600):
    file = folder / "share.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def toml(**settings):
    return "\n".join(f"{name} = {value!r}" for name, value in {**SETTINGS, **settings}.items())


def test_a_file_says_everything(home):
    write(home, toml(owners=["Ann@Example.com"], viewers=["*@example.com"], address="0.0.0.0"))
    found = read_sharing({})
    assert found.hosts == ("bort.example.com",)
    assert found.base_path == "lab"
    assert found.redirect_url == "https://bort.example.com/lab/oauth2callback"
    assert found.address == "0.0.0.0"
    assert found.login.owners == ("Ann@Example.com",)


def test_variables_say_everything_and_win(home):
    write(home, toml(client_id="from the file"))
    found = read_sharing({**VARIABLES, "BORT_SHARE_OWNERS": "ann@example.com, sub:7"})
    assert found.login.client_id == "bort"
    assert found.login.owners == ("ann@example.com", "sub:7")
    assert found.login.viewers == ("*",)


def test_nothing_secret_is_shown(home):
    shown = repr(read_sharing(VARIABLES))
    assert "given by the provider" not in shown
    assert SETTINGS["cookie_secret"] not in shown


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_may_be_missing(home, name):
    with pytest.raises(SharingError, match=f"without {name}; .*BORT_SHARE_{name.upper()}"):
        read_sharing({**VARIABLES, f"BORT_SHARE_{name.upper()}": ""})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_can_read_is_refused(home, mode):
    file = write(home, toml(), mode)
    with pytest.raises(SharingError, match=f"^others can read {file} .* run: chmod 600 {file}$"):
        read_sharing({})
    with pytest.raises(SharingError):
        read_sharing(VARIABLES)  # it holds secrets, needed or not


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url = ", "is not TOML"),
        ("password = 'x'", "unknown setting 'password'"),
        ("url = 5", "url in .* must be a text"),
        ("owners = 'ann@example.com'", "owners in .* must be a list"),
        (toml(url="http://bort.example.com"), "url must begin with https"),
        (toml(url="https://"), "url must begin with https"),
        (toml(url="https://a.example:x/"), "url is no address"),
        (toml(url="https://a.example/?b=1"), "url must be a plain address"),
        (toml(metadata_url="http://login.example.com"), "metadata_url must begin with https"),
        (toml(cookie_secret="short"), "cookie_secret has 5 characters"),
        (toml(owners=["*@example.com"]), "name each owner"),
        (toml(owners=["ann"]), "neither an e-mail address nor sub:ID"),
        (toml(address="everywhere"), "no IP address"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(home, text, said):
    write(home, text)
    with pytest.raises(SharingError, match=said) as caught:
        read_sharing({})
    assert "\n" not in str(caught.value)


def test_another_file_must_be_there(home):
    named = {"BORT_SHARE_FILE": str(home / "other.toml")}
    with pytest.raises(SharingError, match="No such file"):
        read_sharing(named)
    write(home, toml()).rename(home / "other.toml")
    assert read_sharing(named).login.client_id == "bort"


def test_lessons_need_nothing_and_may_be_plain(home):
    assert read_sharing({}, lessons_alone=True) == Sharing()
    assert Sharing().hosts == ("127.0.0.1", "localhost")
    found = read_sharing({"BORT_SHARE_URL": "http://teacher.local"}, lessons_alone=True)
    assert (found.hosts, found.login) == (("teacher.local",), None)


def claims(**more):
    return {"is_logged_in": True, "sub": "7", "iat": NOW - 60, "email_verified": True, **more}


def login(**more):
    rest = {name: value for name, value in SETTINGS.items() if name != "url"}
    return Login(**rest, **more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Access.NONE),
        ({"email": "ann@example.com", "sub": "7", "iat": NOW}, Access.NONE),  # not logged in
        (claims(email="ANN@example.com"), Access.CHANGE),
        (claims(email="ann@example.com", email_verified="true"), Access.CHANGE),
        (claims(email="ann@example.com", email_verified=False), Access.NONE),
        (claims(email="ann@example.com", email_verified=None), Access.NONE),
        (claims(email="bob@example.com"), Access.READ),
        (claims(email="bob@example.com.evil.example"), Access.NONE),
        (claims(email="bob@evil.example"), Access.NONE),
        (claims(email="bob@sub.example.com"), Access.NONE),
        (claims(sub="42"), Access.CHANGE),
        (claims(sub="ann@example.com"), Access.NONE),
        (claims(email="ann@example.com", iat=NOW - SESSION_S - 1), Access.NONE),
        (claims(email="ann@example.com", iat=None), Access.NONE),
        (claims(email="sub:42"), Access.NONE),
    ],
)
def test_who_may_do_what(given, expected):
    one = login(owners=("ann@example.com", "sub:42"), viewers=("*@example.com",))
    assert one.access(given, now=NOW) is expected


def test_without_viewers_everybody_reads():
    assert login().access(claims(email="x@y.example", email_verified=False), now=NOW) is Access.READ
    assert login().access(claims(), now=NOW) is Access.READ
    assert login(viewers=()).access(claims(), now=NOW) is Access.NONE
