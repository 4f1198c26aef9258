"""A shared dashboard behind a proxy: a real provider, a reader, an owner; and the lessons alone."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from dashboard import PATIENCE_S, Reader, free_port, serving, store_url
from forwarding import forwarding
from made_up_study import fill
from playwright.sync_api import expect

from bort.jobs.runtime.process import this_process
from bort.storage import open_store

pytestmark = pytest.mark.browser

BASE = "/lab"
OWNER, READER, STRANGER = "ann@example.com", "bob@example.com", "eve@evil.example"


@pytest.fixture(scope="module")
def provider():
    """An OpenID Connect provider that knows three people, in a process of its own."""
    port = free_port()
    people = []
    for email in (OWNER, READER, STRANGER):
        claims = {"sub": email, "email": email, "email_verified": True}
        people += ["--user-claims", json.dumps(claims)]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(url):
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            assert time.monotonic() < give_up, f"no answer from {url}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two studies and a running job."""
    folder = tmp_path_factory.mktemp("home")
    with open_store(store_url(folder)) as store:
        fill(store, "reviews", budget=6)
        fill(store, "unwanted", budget=6)
        job = store.create_job("search", {"space": {"name": "minilm"}, "search": {"goal": "cover"}})
        store.claim_job(job.id, 1, this_process())
    return folder


@pytest.fixture(scope="module")
def shared(home, provider):
    """The address that people open, of a dashboard behind a proxy."""
    outside = free_port()
    url = f"http://localhost:{outside}{BASE}"
    settings = {
        "url": url,
        "client_id": "bort",
        "client_secret": "of the client",
        "metadata_url": f"{provider}/.well-known/openid-configuration",
        "cookie_secret": "0123456789abcdef0123456789abcdef",
        "owners": [OWNER],
        "viewers": ["*@example.com"],
    }
    file = home / "share.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    file.chmod(0o600)
    with (
        serving(home, options=("--share",), base=BASE) as inside,
        forwarding(outside, urlsplit(inside).port),
    ):
        yield url


@pytest.fixture
def visitor(browser, provider):
    """`with visitor(url) as reader`: somebody in a browser of their own."""

    @contextmanager
    def begin(url):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        try:
            reader = Reader(context.new_page(), url)
            yield reader
            # The provider is outside, and wants a style sheet; uploads are refused with 403.
            known = (provider, "picocss", "403")
            left = [one for one in reader.complaints if not any(part in one for part in known)]
            assert left == []
        finally:
            context.close()

    return begin


def log_in(reader, email):
    """Press the button, and say at the provider who one is."""
    reader.page.get_by_role("button", name="Log in").click()
    reader.page.get_by_role("button", name=email).click()
    reader.page.wait_for_url(f"{reader.address}/**")
    reader.settle()


def upload(reader, session):
    """Ask the server to take a file, as a page of Streamlit does."""
    return reader.page.evaluate(
        """async ([path, session]) => {
            const form = new FormData();
            form.append("file", new Blob(["text,label"]), "a.csv");
            const token = document.cookie.match(/_streamlit_xsrf=([^;]+)/);
            const asked = {method: "PUT", body: form, headers: {"X-Xsrftoken": token[1]}};
            const answer = await fetch(`${path}/_stcore/upload_file/${session}/1`, asked);
            return answer.status;
        }""",
        [BASE, session],
    )


def test_a_reader_reads_and_an_owner_changes(shared, provider, home, visitor):
    with visitor(shared) as reader:
        page = reader.page
        reader.open("/pareto?study=reviews")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
        expect(page.get_by_text("Open your link again")).to_be_visible()
        assert "reviews" not in page.inner_text("body")
        assert upload(reader, "any") == 403

        log_in(reader, READER)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Small models")
        reader.open("/pareto?study=reviews")
        expect(reader.charts().first).to_be_visible()
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)
        expect(page.get_by_role("button", name="Fine-tune")).to_have_count(0)
        assert upload(reader, "any") == 403
        reader.open("/search?job=1")
        expect(page.get_by_text("Job 1 is running")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
        reader.open("/search?job=new")
        expect(page.get_by_text("left to the owners")).to_be_visible()
        expect(page.get_by_test_id("stFileUploader")).to_have_count(0)

        page.get_by_role("button", name=READER).click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{provider}/**")  # the provider ends its own session, too
        reader.open()
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")

    with visitor(shared) as owner:
        page = owner.page
        owner.open()
        log_in(owner, OWNER)
        owner.open("/search?job=new")
        owner.choose("Search space", "my own TOML file")
        space = home / "mine.toml"
        space.write_text(
            'family = "bert"\n[dimensions]\ndepth = [1]\nheads = [2]\n'
            "hidden = [8]\nintermediate = [16, 32]\n"
        )
        owner.upload("Space as TOML", space)
        expect(page.get_by_text("2 architectures of")).to_be_visible()
        owner.open("/pareto?study=unwanted")
        # The table comes last, and would move the button below an open question.
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
        owner.settle()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete this study").click()
        page.wait_for_url(lambda url: "study=" not in url)
    with open_store(store_url(home)) as store:
        assert [study.name for study in store.studies() if not study.is_example] == ["reviews"]


def test_a_stranger_is_not_let_in(shared, visitor):
    with visitor(shared) as stranger:
        stranger.open()
        log_in(stranger, STRANGER)
        expect(stranger.page.get_by_text("not shared with you")).to_be_visible()
        stranger.open("/pareto")
        expect(stranger.page.get_by_text("not shared with you")).to_be_visible()


def test_the_secrets_are_on_no_command_line_and_in_no_log(shared, home):
    text = "".join(log.read_text() for log in home.glob("*.log"))
    commands = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it may have ended
            commands.append((Path("/proc") / pid / "cmdline").read_bytes())
    for secret in ("of the client", "0123456789abcdef0123456789abcdef"):
        assert secret not in text
        assert not [line for line in commands if secret.encode() in line]


def test_the_lessons_alone(tmp_path, visit):
    with serving(tmp_path, options=("--share=lessons",)) as address, visit(address) as learner:
        page = learner.page
        learner.open()
        expect(page.get_by_role("heading", level=1)).to_have_text("Learn")
        for name in ("Search", "Pareto front", "Models"):
            expect(page.get_by_role("link", name=name)).to_have_count(0)
        learner.open("/lesson?lesson=epsilon")
        expect(page.locator(".lesson[data-ready]")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Epsilon")
        learner.open("/search")
        expect(page.get_by_role("button", name="Start the search")).to_have_count(0)
        give_up = time.monotonic() + PATIENCE_S
        while not learner.complaints and time.monotonic() < give_up:
            page.wait_for_timeout(100)
        [complaint] = learner.complaints
        assert "does not seem to exist" in complaint
        learner.complaints.clear()
    assert not (tmp_path / "bort.db").exists()
