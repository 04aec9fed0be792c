"""Clients, their secrets, tokens and scopes. Knows no web framework."""

from datus.auth.authenticator import Authenticator, Token
from datus.auth.client import SCOPES, Client, RateLimit, Scope
from datus.auth.start import AuthStart, NewClient, is_loopback, prepare_auth

__all__ = [
    "SCOPES",
    "AuthStart",
    "Authenticator",
    "Client",
    "NewClient",
    "RateLimit",
    "Scope",
    "Token",
    "is_loopback",
    "prepare_auth",
]
