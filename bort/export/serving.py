"""An exported model behind HTTP: answers, health, metrics."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bort.export.predicting import Answer, Predictor, is_complete
from bort.latency.workload import Text, parts_of
from bort.tasks.files import encodable

BATCH_SECONDS = 0.002  # how long the first text of a batch waits for others
MAX_TEXTS = 1_000  # of one request
MAX_BODY = 4 * 2**20  # bytes of one request
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Asked(BaseModel):
    """The body of a request: texts, or pairs of texts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    texts: Annotated[list[str | list[str]], Field(min_length=1, max_length=MAX_TEXTS)]


class Metrics:
    """What is counted, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "bort_requests",
            "Answered requests, by HTTP status.",
            ["status"],
            registry=self.registry,
        )
        self.texts = Counter("bort_texts", "Classified texts.", registry=self.registry)
        self.seconds = Histogram(
            "bort_request_seconds",
            "Seconds from request to answer.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "bort_batch_texts",
            "Texts that the model read at once.",
            buckets=TEXTS,
            registry=self.registry,
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    texts: Sequence[Text]
    answers: "asyncio.Future[Sequence[Answer]]"


class Batcher:
    """Classifies the texts of requests that come at the same time together, in one thread.

    A request waits BATCH_SECONDS at most for others, and not at all while the model is busy with
    an earlier batch, since then others have come meanwhile.
    """

    def __init__(self, predictor: Predictor, metrics: Metrics) -> None:
        self._predictor, self._metrics = predictor, metrics
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "bort-serve")

    async def __call__(self, texts: Sequence[Text]) -> Sequence[Answer]:
        """Return the answers to the texts, in their order."""
        wanted = _Wanted(texts, asyncio.get_running_loop().create_future())
        await self._queue.put(wanted)
        return await wanted.answers

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            batch = [await self._queue.get()]
            await asyncio.sleep(BATCH_SECONDS if self._queue.empty() else 0)
            while not self._queue.empty() and sum(len(one.texts) for one in batch) < MAX_TEXTS:
                batch.append(self._queue.get_nowait())
            await self._answer(batch)

    async def _answer(self, batch: Sequence[_Wanted]) -> None:
        texts = [text for one in batch for text in one.texts]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._predictor, texts)
        except Exception as error:  # each request learns of it; the server goes on
            for one in batch:
                if not one.answers.done():
                    one.answers.set_exception(error)
            return
        self._metrics.texts.inc(len(texts))
        self._metrics.batches.observe(len(texts))
        begun = 0
        for one in batch:
            if not one.answers.done():  # else its client has gone
                one.answers.set_result(answers[begun : begun + len(one.texts)])
            begun += len(one.texts)


class SmallBodies:
    """Refuses a request whose body is larger than MAX_BODY, whatever its headers say."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and count the bytes that it reads."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise HTTPException(413, f"the body is larger than {MAX_BODY:,} bytes; send less")
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)


def make_server(
    predictor: Predictor, *, hosts: Sequence[str], least_score: float | None = None
) -> FastAPI:
    """Make the ASGI application that answers with an exported model.

    It has no pages, keeps no text, and allows no other origin: `POST /predict`, `GET /health`,
    `GET /metrics` (the format of Prometheus).

    Args:
        hosts: values of the header Host that are answered; `*` is any.
        least_score: answers below this score are rejected: their label is null.
    """
    metrics = Metrics()
    batcher = Batcher(predictor, metrics)

    @contextlib.asynccontextmanager
    async def working(server: FastAPI) -> AsyncIterator[None]:
        server.state.worker = asyncio.create_task(batcher.run())
        yield
        server.state.worker.cancel()

    server = FastAPI(
        title="bort", lifespan=working, docs_url=None, redoc_url=None, openapi_url="/openapi.json"
    )
    server.add_middleware(SmallBodies)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)

    @server.middleware("http")
    async def count(request: Request, answer: Any) -> Any:
        begun = time.perf_counter()
        response = await answer(request)
        if request.url.path == "/predict":
            metrics.requests.labels(str(response.status_code)).inc()
            metrics.seconds.observe(time.perf_counter() - begun)
        return response

    @server.exception_handler(RequestValidationError)
    async def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": _one_line(error)}, 422)

    @server.exception_handler(StarletteHTTPException)  # of FastAPI's, too; 404 and 405 are these
    async def explain(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    @server.post("/predict")
    async def predict(asked: Asked) -> dict[str, Any]:
        texts = _checked(asked, predictor)
        answers = await batcher(texts)
        return {
            "model": predictor.folder.name,
            "predictions": [
                {
                    "label": None if (least_score or 0) > answer.score else answer.label,
                    "score": answer.score,
                    "scores": answer.scores,
                }
                for answer in answers
            ],
        }

    @server.get("/health")
    async def health() -> JSONResponse:
        is_well = not server.state.worker.done()
        told = {
            "status": "ok" if is_well else "the model does not answer any more",
            "model": predictor.folder.name,
            "runtime": predictor.runtime,
            "labels": predictor.labels,
        }
        return JSONResponse(told, 200 if is_well else 503)

    @server.get("/metrics")
    async def measured() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(metrics.registry).decode())

    return server


def _checked(asked: Asked, predictor: Predictor) -> list[Text]:
    parts = None if predictor.columns is None else len(predictor.columns)
    texts: list[Text] = []
    for place, given in enumerate(asked.texts):
        text: Text = encodable(given) if isinstance(given, str) else _pair(given, place)
        if parts is not None and len(parts_of(text)) != parts:
            wanted = "a pair of texts" if parts == 2 else "one text"
            raise HTTPException(422, f"the model reads {wanted}, but texts[{place}] is not that")
        if not is_complete(text):
            raise HTTPException(422, f"texts[{place}] is empty; leave it out")
        texts.append(text)
    return texts


def _pair(given: Sequence[str], place: int) -> tuple[str, str]:
    if len(given) != 2:
        raise HTTPException(
            422, f"texts[{place}] has {len(given)} parts; send a text, or a pair as [first, second]"
        )
    first, second = map(encodable, given)
    return first, second


def _one_line(error: RequestValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
    return (
        f"{place}: {first['msg']}; send JSON as "
        '{"texts": ["a text", "another"]}, with the header Content-Type: application/json'
    )
