"""A shared dashboard: what readers see, and what the server refuses them whatever they ask for."""

import asyncio
import time

import pytest
from made_up_models import add_model
from made_up_study import fill, made_up_spec
from visits import Open, shown

from bort.core.errors import ForbiddenError, StoreError
from bort.core.paths import home
from bort.core.sharing import Login, Sharing
from bort.jobs.runtime.process import this_process
from bort.storage import JobState, Store, Thing, ThingKind
from bort.studies.answers import read_answer
from bort.ui.agora import form as agora_form
from bort.ui.front import own_table
from bort.ui.kit import access, deleting, job_parts, readings, serving, uploads
from bort.ui.kit.fields import Slots
from bort.ui.search import form as search_form
from bort.ui.search import start as search_start

LOGIN = Login(
    client_id="bort",
    client_secret="given by the provider",
    metadata_url="https://login.example.com/.well-known/openid-configuration",
    cookie_secret="0123456789abcdef0123456789abcdef",
    owners=("ann@example.com",),
    viewers=("*@example.com",),
)
OWNER, READER, STRANGER = "ann@example.com", "bob@example.com", "eve@evil.example"
CHANGING = (
    "start",
    "delete",
    "cancel",
    "resume",
    "fine-tune",
    "own-results",
    "measure",
    "afresh",
    "make-rivals",
)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch):
    """Share the dashboard, and log somebody in; None is nobody."""
    monkeypatch.setattr(access, "_shared", Sharing("https://bort.example.com", login=LOGIN))
    monkeypatch.setattr(access, "_uploaders", {})

    def log_in(email: str | None) -> None:
        claims = {"email": email, "email_verified": True, "sub": email, "iat": time.time()}
        found = {} if email is None else {"is_logged_in": True, **claims}
        monkeypatch.setattr(access, "claims", lambda: found)

    return log_in


@pytest.fixture
def jobs(store: Store) -> dict[str, int]:
    """A finished study with a model, a running search and a cancelled one."""
    fill(store, "reviews", budget=6)
    add_model(store, "good", "reviews", read_answer(store, "reviews").front[0].id)
    found = {}
    for name in ("running", "cancelled"):
        job = store.create_job("search", {"space": {"name": "minilm"}, "search": {"goal": "cover"}})
        store.claim_job(job.id, 1, this_process())
        found[name] = job.id
    store.finish_job(found["cancelled"], 1, JobState.CANCELLED)
    return found


PAGES = ("home", "search", "pareto", "models", "agora", "machine", "learn", "lesson")


def test_nobody_sees_anything_before_the_login(store, jobs, visit: Open, person) -> None:
    person(None)
    for page in PAGES:
        app = visit(page, study="reviews", job=str(jobs["running"]))
        assert not app.exception
        assert [button.key for button in app.button] == ["log-in"]
        assert app.title[0].value == "Log in"
        assert "reviews" not in shown(app)
        assert "Open your link again" in shown(app)


def test_a_stranger_is_told_so(store: Store, visit: Open, person) -> None:
    person(STRANGER)
    app = visit("home")
    assert "not shared with you" in shown(app)
    assert [button.key for button in app.button] == ["log-out"]


def test_a_reader_reads_every_page_and_is_offered_no_change(
    store, jobs, visit: Open, person
) -> None:
    person(READER)
    visits = [(page, {"study": "reviews", "job": "new"}) for page in PAGES]
    visits += [("search", {"job": str(job)}) for job in jobs.values()]
    for page, query in visits:
        app = visit(page, **query)
        assert not app.exception
        assert "Log in" not in [title.value for title in app.title]
        keys = [button.key or "" for button in app.button]
        assert [key for key in keys if any(word in key for word in CHANGING)] == []
        assert not app.get("file_uploader")
        if page == "pareto":
            assert "reviews" in str([box.options for box in app.selectbox])


def test_an_owner_is_offered_everything(store: Store, jobs, visit: Open, person) -> None:
    person(OWNER)
    assert "start" in [button.key for button in visit("search", job="new").button]
    keys = [button.key for button in visit("pareto", study="reviews").button]
    assert {"fine-tune", "own-results", "log-out"} <= set(keys)
    assert "cancel" in [button.key for button in visit("search", job=str(jobs["running"])).button]


def refused(call) -> None:
    with pytest.raises(ForbiddenError, match="only an owner"):
        call()


class File:
    name = "reviews.csv"

    def getvalue(self) -> bytes:
        return b"text,label\ngood,1\n"


def everything(store: Store) -> tuple[object, ...]:
    files = sorted(str(path) for path in home().rglob("*") if "bort.db" not in path.name)
    return store.studies(), store.jobs(), store.models(), store.profiles(), files


def test_the_server_refuses_a_reader_whatever_they_ask(store, jobs, person) -> None:
    before = everything(store)
    person(READER)
    refused(readings.store_to_change)
    refused(lambda: uploads.keep(File()))
    refused(lambda: uploads.keep_file(home() / "bort.db", name="x.csv"))
    refused(lambda: search_form.fill_in(Slots()))
    refused(lambda: agora_form.fill_in(Slots()))
    refused(own_table._bring)
    slots = Slots()
    slots.below("general")
    # What a button of an owner would call says so on the page.
    job_parts._request_cancel(jobs["running"])
    job_parts._request_measurement(jobs["running"])
    job_parts._request_resume(jobs["cancelled"])
    for kind, name in ((ThingKind.STUDY, "reviews"), (ThingKind.MODEL, "good")):
        deleting._delete(Thing(kind, name), lambda: None)
    assert search_start.start(made_up_spec("new"), slots, is_named=True) is None
    # And nothing can be written to the store that their pages read.
    with pytest.raises(StoreError, match="for reading only"):
        readings.store().request_cancel(jobs["running"])
    assert everything(store) == before
    person(OWNER)
    readings.store_to_change().request_cancel(jobs["running"])
    assert store.job(jobs["running"]).cancel_requested


def test_nobody_reads_the_store(store: Store, person) -> None:
    for who in (None, STRANGER):
        person(who)
        with pytest.raises(ForbiddenError, match="logged in"):
            readings.store()


def test_the_lessons_alone(tmp_path, visit: Open, monkeypatch) -> None:
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(access, "_shared", Sharing())
    monkeypatch.setattr(readings, "_opened", None)  # a store would be opened with it
    app = visit("learn")
    assert not app.exception
    assert app.title[0].value == "Learn"
    for slug in ("costs", "epsilon", "torus"):
        app = visit("lesson", lesson=slug)
        assert not app.exception
        assert not app.button
        assert not app.expander
    with pytest.raises(ForbiddenError, match="only the lessons"):
        readings.store()
    refused(readings.store_to_change)
    for page in ("search", "pareto", "models", "agora", "machine"):
        app = visit(page)
        assert not app.button
        assert app.title[0].value == "Learn"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/lab/_stcore/upload_file/owner/1", 204),
        ("DELETE", "/_stcore/upload_file/owner/1", 204),
        ("PUT", "/lab/_stcore/upload_file/reader/1", 403),
        ("PUT", "/lab/_stcore/upload_file/late/1", 403),
        ("PUT", "/_stcore/upload_file/", 403),
        ("DELETE", "/_stcore/upload_file/reader/1", 403),
        ("POST", "/anything", 403),
        ("OPTIONS", "/_stcore/upload_file/reader/1", 204),
        ("GET", "/", 204),
    ],
)
def test_uploads_are_refused_before_they_are_read(monkeypatch, method, path, status) -> None:
    monkeypatch.setattr(access, "_uploaders", {"owner": time.time() + 60, "late": time.time() - 1})
    sent = []

    async def inner(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 204})

    async def receive():
        pytest.fail("it was read")

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(serving.UploadGuard(inner)(scope, receive, send))
    assert sent[0]["status"] == status


def test_only_an_owners_session_may_upload(store: Store, visit: Open, person) -> None:
    person(READER)
    visit("home")
    assert access._uploaders == {}
    person(OWNER)
    visit("home")
    [session] = access._uploaders
    assert access.may_upload(session)
    assert not access.may_upload("another")
