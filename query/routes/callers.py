"""What every route depends on: who asks, and the views."""

from typing import Annotated

from fastapi import Depends, Request

from query.access import Caller, UnauthenticatedError, Verifier
from query.problems import Problem
from query.reading import Views

_SCHEME = "bearer "


def _bearer(request: Request) -> Caller:
    """Give who asks; exactly one Authorization header, or nobody does."""
    headers = request.headers.getlist("authorization")
    if len(headers) != 1 or not headers[0].lower().startswith(_SCHEME):
        raise UnauthenticatedError
    verifier: Verifier = request.app.state.verifier
    return verifier.caller(headers[0][len(_SCHEME) :].strip())


def reader(request: Request) -> Caller:
    """Give a caller that may read its tenant. Raises UnauthenticatedError and Problem FORBIDDEN."""
    caller = _bearer(request)
    if not caller.is_reader:
        raise Problem("FORBIDDEN", "None of the token's roles may read.")
    return caller


def operator(request: Request) -> Caller:
    """Give a caller that may see what belongs to no tenant (settled.md 17)."""
    caller = _bearer(request)
    if not caller.is_operator:
        raise Problem("FORBIDDEN", "Operators only: a token of tenant system, role PlatformAdmin.")
    return caller


def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


Reader = Annotated[Caller, Depends(reader)]
Operator = Annotated[Caller, Depends(operator)]
OfViews = Annotated[Views, Depends(_views)]
