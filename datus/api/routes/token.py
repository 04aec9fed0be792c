"""``POST /auth/token``: the OAuth2 client credentials grant (RFC 6749, section 4.4)."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from datus.api.context import Context
from datus.api.problems import TOKEN_PATH, oauth_error
from datus.api.schemas import OAuthError, TokenAnswer
from datus.errors import AuthError, InvalidRequestError

router = APIRouter(tags=["auth"])

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 20
FORM = {
    "required": True,
    "content": {
        FORM_TYPE: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "client_id": {"type": "string"},
                    "client_secret": {"type": "string", "format": "password"},
                    "scope": {"type": "string", "description": "scopes, separated by spaces"},
                },
            }
        }
    },
}


@router.post(
    TOKEN_PATH,
    summary="Get a token",
    responses={200: {"model": TokenAnswer}, "4XX": {"model": OAuthError}},
    openapi_extra={"requestBody": FORM},
)
async def token(request: Request, context: Context) -> Response:
    """Exchange a client id and secret, in the form or as HTTP Basic, for a bearer token."""
    try:
        form = _read_form(request.headers.get("content-type", ""), await request.body())
        client_id, secret = _credentials(form, request.headers.get("authorization"))
        issued = await context.authenticator.issue_token(
            client_id,
            secret,
            form.get("scope"),
            request.client.host if request.client else None,
            grant_type=form.get("grant_type"),
        )
    except InvalidRequestError as error:
        return oauth_error(400, error.code, error.message)
    except AuthError as error:
        challenge = {"WWW-Authenticate": 'Basic realm="datus"'}
        return oauth_error(401, "invalid_client", error.message, challenge)
    return JSONResponse(
        {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": issued.scope,
        },
        headers={"Pragma": "no-cache"},
    )


def _read_form(content_type: str, body: bytes) -> Mapping[str, str]:
    """The form's fields; a field without a value counts as absent (RFC 6749, section 3.2)."""
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise InvalidRequestError(f"The body must be {FORM_TYPE}.")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise InvalidRequestError("The form cannot be read.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise InvalidRequestError("A field is given more than once.")
    return {name: value for name, value in form.items() if value}


def _credentials(
    form: Mapping[str, str], authorization: str | None
) -> tuple[str | None, str | None]:
    """Client id and secret, from the header or from the form, never from both."""
    if authorization is None:
        return form.get("client_id"), form.get("client_secret")
    if "client_secret" in form:
        raise InvalidRequestError(
            "Give the client secret in the header or in the form, not in both."
        )
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise InvalidRequestError(
            "The Authorization header is not HTTP Basic client authentication."
        )
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if form.get("client_id", client_id) != client_id:
        raise InvalidRequestError("The client_id of the form is not that of the header.")
    return client_id, secret
