"""Clients, their secrets, tokens and scopes. Knows no web framework."""

from datus.auth.authenticator import Authenticator, Token
from datus.auth.client import SCOPES, Client, Scope
from datus.auth.limits import ClientLimits, Counts, SignInLimits, Standing
from datus.auth.start import AuthStart, NewClient, is_loopback, prepare_auth

__all__ = [
    "SCOPES",
    "AuthStart",
    "Authenticator",
    "Client",
    "ClientLimits",
    "Counts",
    "NewClient",
    "Scope",
    "SignInLimits",
    "Standing",
    "Token",
    "is_loopback",
    "prepare_auth",
]
