"""What a provider, its SDK or the network raised, as one of datus's own errors."""

import re

from pydantic_ai import exceptions as pai

from datus.llm.base import (
    ModelBusyError,
    ModelError,
    ModelOutputError,
    ModelRefusedError,
    ModelRejectedError,
    ModelTimeoutError,
)
from datus.llm.http import CarryingError

_WORDS = 240
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_FILTERED = frozenset({"content_filter", "content_policy_violation", "data_inspection_failed"})
# What a key looks like where a provider shows one back, whole or in part.
_KEYLIKE = re.compile(
    r"\b(?:sk|pk|key|gsk|xai)[-_][-_*A-Za-z0-9]{6,}|\bAIza[-_A-Za-z0-9]{10,}|[-_A-Za-z0-9]{32,}|\S*\*{3,}\S*"
)


def translate(error: Exception, name: str, key: str | None) -> ModelError:
    """The error for a failed request to the model ``name``; says what to do, and holds no key.

    What the provider said stands in ``message``, for the log; callers of the service get ``public``.
    """
    what = f"Model {name!r}"
    setting = f"agent.models.{name}"
    cause: BaseException | None = error
    while cause is not None:  # an SDK wraps what its transport raises
        if isinstance(cause, CarryingError):
            return cause.error(name)
        cause = cause.__cause__
    match error:
        case pai.ModelRequestTimeout() | pai.ModelTimeoutError():
            return ModelTimeoutError(
                f"{what} did not answer in time; raise {setting}.timeout_s if it is slow by nature."
            )
        case pai.ModelAPIError() if _is_filtered(error):
            return ModelRefusedError(
                f"{what}: the provider's content filter stopped the request; ask in other words."
            )
        case pai.ModelAuthenticationError():
            return _rejected(
                error, f"{what} refuses the key or its rights; check {setting}.api_key.", None
            )
        case pai.ModelQuotaExceededError():
            return _rejected(error, f"{what}: the account's quota or credit is spent.", None)
        case pai.ModelContextWindowExceededError():
            return _rejected(
                error,
                f"{what} takes no prompt of this length; lower {setting}.context_tokens.",
                key,
            )
        case pai.ModelNotFoundError():
            return _rejected(error, _not_there(name), key)
        case pai.ModelConnectionError():
            return ModelBusyError(
                f"{what}: the connection failed ({_phase(error)}); check {setting}.base_url and the "
                "network if it stays so."
            )
        case pai.ModelHTTPError():
            return _by_status(error, name, key)
        case pai.ModelRateLimitError() | pai.ModelUnavailableError() | pai.ModelServerError():
            return ModelBusyError(
                f"{what} is asked too often or is overloaded.", details=_wait(error)
            )
        case pai.ModelRequestRejectedError():
            return _rejected(error, f"{what} does not take the request.", key)
        case pai.ContentFilterError():
            return ModelRefusedError(f"{what}: the provider's content filter stopped the answer.")
        case _:
            return ModelOutputError(
                f"{what} answered in a form that is none of its interface's; check {setting}.type "
                f"and {setting}.base_url.",
                details={"reason": "format"},
            )


def _by_status(error: pai.ModelHTTPError, name: str, key: str | None) -> ModelError:
    status = error.status_code
    what = f"Model {name!r}"
    if status == 429:
        return ModelBusyError(
            f"{what} is asked too often (HTTP 429); try again later, or set a fallback.",
            details={"status": status, **_wait(error)},
        )
    if status >= 500 or status in (408, 409, 425):
        return ModelBusyError(
            f"{what}: its provider fails or is overloaded (HTTP {status}); try again later, or set a fallback.",
            details={"status": status, **_wait(error)},
        )
    if status == 404:
        return _rejected(error, _not_there(name), key)
    if status in (401, 403):
        return _rejected(
            error, f"{what} refuses the key or its rights; check agent.models.{name}.api_key.", None
        )
    if status == 413:
        return _rejected(
            error,
            f"{what} takes no prompt of this length; lower agent.models.{name}.context_tokens.",
            key,
        )
    return _rejected(error, f"{what} does not take the request.", key)


def _not_there(name: str) -> str:
    setting = f"agent.models.{name}"
    return f"Model {name!r} is not there; check {setting}.model and {setting}.base_url."


def _rejected(error: pai.ModelAPIError, public: str, key: str | None) -> ModelRejectedError:
    """``key`` is None where the provider's own words must not be shown: they may tell of the key."""
    status = getattr(error, "status_code", None)
    public = f"{public[:-1]} (HTTP {status})." if status else public
    words = _said(error, key) if key is not None else ""
    details = {"status": status} if status else {}
    return ModelRejectedError(
        f"{public} The provider says: {words}" if words else public, public=public, details=details
    )


def _said(error: pai.ModelAPIError, key: str) -> str:
    """The provider's own message, short, without addresses and all that looks like a key."""
    body = error.body
    while isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    words = body.get("message") if isinstance(body, dict) else body
    if not isinstance(words, str):
        return ""
    if key:
        words = words.replace(key, "***")
    words = _KEYLIKE.sub("***", _ADDRESS.sub("...", words))
    return " ".join(words.split())[:_WORDS]


def _wait(error: pai.ModelAPIError) -> dict[str, float]:
    return {} if error.retry_after is None else {"retry_after": max(error.retry_after, 0.0)}


def _is_filtered(error: pai.ModelAPIError) -> bool:
    return bool({error.provider_error_code, error.provider_error_type} & _FILTERED)


def _phase(error: pai.ModelConnectionError) -> str:
    match error.phase:
        case "connect" | "pool":
            return "none could be opened"
        case "write":
            return "it broke off while asking"
        case "read" | None:
            return "it broke off before the answer was complete"
