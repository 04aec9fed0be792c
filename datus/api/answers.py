"""Answers as JSON, whatever the database holds."""

from typing import Any

from starlette.responses import JSONResponse

from datus.tasks.encoding import to_json


class AnswerResponse(JSONResponse):
    """JSON with rows in it: half of a surrogate pair, which a JSON column can spell, stays spelt."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return to_json(content).encode()
