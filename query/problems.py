"""Errors as RFC 9457 problem documents with a stable code; nobody has to read sentences."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from query.access import UnauthenticatedError
from query.store import QueryDeadlineError, StoreBusyError

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:factory:problem:"

STATUS_OF: Final[dict[str, int]] = {
    "INVALID_ARGUMENT": 422,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL": 500,
    "NOT_READY": 503,
    "NOT_YET_VISIBLE": 504,
    "DEADLINE_EXCEEDED": 504,
}
"""Every code that an answer may carry, with its HTTP status."""

_CODE_OF: Final = {status: code for code, status in reversed(STATUS_OF.items())}


class Problem(Exception):  # noqa: N818 - the standard's word; it is an answer, not a defect
    """An answer that is a problem; ``errors`` names the fields concerned, ``headers`` go with the answer."""

    def __init__(
        self,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def not_found() -> Problem:
    """Give the one answer for an id that does not exist and for one of another tenant: the same words."""
    return Problem("NOT_FOUND", "There is no such thing.")


def invalid(field: str, rule: str) -> Problem:
    """Give the answer for an argument that breaks a rule."""
    return Problem("INVALID_ARGUMENT", f"{field}: {rule}.", ({"field": field, "rule": rule},))


def _answer(problem: Problem) -> JSONResponse:
    status = STATUS_OF[problem.code]
    body: dict[str, Any] = {
        "type": _TYPE + problem.code.lower().replace("_", "-"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return JSONResponse(body, status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document, those of the framework included."""

    def problem(_request: Request, error: Exception) -> JSONResponse:
        return _answer(error if isinstance(error, Problem) else _translated(error))

    for kind in (
        Problem,
        UnauthenticatedError,
        StoreBusyError,
        QueryDeadlineError,
        RequestValidationError,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, problem)


def _translated(error: Exception) -> Problem:
    """Give the problem of an error; what is not known is INTERNAL and tells nothing of itself."""
    if isinstance(error, UnauthenticatedError):
        return Problem(
            "UNAUTHENTICATED",
            "A valid bearer token is needed.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if isinstance(error, StoreBusyError):
        return Problem(
            "TOO_MANY_REQUESTS", "Every place is taken; try again.", headers={"Retry-After": "1"}
        )
    if isinstance(error, QueryDeadlineError):
        return Problem("DEADLINE_EXCEEDED", "The answer took too long; ask for less.")
    if isinstance(error, RequestValidationError):
        return Problem("INVALID_ARGUMENT", "The request breaks a rule.", _fields(error))
    if isinstance(error, HTTPException):
        return _of_status(error)
    return Problem("INTERNAL", "The query process failed at this request.")


def _of_status(error: HTTPException) -> Problem:
    code = _CODE_OF.get(error.status_code, "INVALID_ARGUMENT")
    if code == "NOT_FOUND":
        return not_found()
    details = {"METHOD_NOT_ALLOWED": "This address takes no such method."}
    return Problem(
        code, details.get(code, "The request cannot be answered."), headers=error.headers
    )


def _fields(error: RequestValidationError) -> list[dict[str, str]]:
    """Give field and rule of each finding, without what came: that could be a secret."""
    return [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "rule": str(one["msg"])}
        for one in error.errors()[:20]
    ]
