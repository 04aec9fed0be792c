"""``/docs``: Swagger UI from an installed package, so that no outside address is ever asked."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

router = APIRouter(include_in_schema=False)

# Swagger UI writes inline styles; scripts come from here alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>datus</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="ui">This page needs JavaScript. The same is in <a href="openapi.json">openapi.json</a>.</div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Without validatorUrl Swagger UI would show the document to a server of its makers.
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null,
  defaultModelsExpandDepth: 0, presets: [SwaggerUIBundle.presets.apis]
});
"""


@router.get("/docs")
async def docs() -> Response:
    """The page."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """The script that starts Swagger UI; a file, because the policy allows no inline script."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
async def asset(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in ASSETS:
        raise HTTPException(404)
    return FileResponse(
        _assets() / name, media_type=ASSETS[name], headers={"Cache-Control": "max-age=86400"}
    )


def _assets() -> Path:
    """Where the package keeps its files; it is located only, its code is never run."""
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
