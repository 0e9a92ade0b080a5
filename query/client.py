"""The command line's way to the API: over HTTP alone, with the token of FACTORY_TOKEN (settled.md 17)."""

import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from query.settings import API_PREFIX
from schemas.output import OperatorError
from topics.settings import local_root

TIMEOUT_S: Final = 30.0
BEARER_VARIABLE: Final = "FACTORY_TOKEN"
API_VARIABLE: Final = "FACTORY_API"
Document = dict[str, Any]


class ProblemError(OperatorError):
    """The API answered with a problem; ``code`` is the stable word for it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def api_url(environ: Mapping[str, str] = os.environ) -> str:
    """Give where the API answers: FACTORY_API, else what `factory query serve` wrote down.

    Raises OperatorError where there is neither.
    """
    given = environ.get(API_VARIABLE)
    if given:
        return given.rstrip("/")
    try:
        return (local_root(environ) / "run" / "api-url").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise OperatorError(
            f"No query API is known: start one with `factory query serve`, or set {API_VARIABLE}."
        ) from error


def token(environ: Mapping[str, str] = os.environ) -> str:
    """Give the token. Raises OperatorError with the way to get one."""
    given = environ.get(BEARER_VARIABLE, "").strip()
    if not given:
        raise OperatorError(
            f"No token: export {BEARER_VARIABLE}=$(factory token issue --tenant TENANT)."
        )
    return given


class Api:
    """Asks the API; every problem is raised as one sentence."""

    def __init__(
        self,
        url: str | None = None,
        bearer: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=(url or api_url()) + API_PREFIX,
            headers={"Authorization": f"Bearer {bearer or token()}"},
            timeout=TIMEOUT_S,
            transport=transport,
        )

    def get(self, path: str, **query: object) -> Document:
        """Give the answer of a route; parameters that are None are left out. Raises ProblemError, OperatorError."""
        given: dict[str, Any] = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._client.get(path, params=given)
        except httpx.HTTPError as error:
            raise OperatorError(
                f"The query API at {self._client.base_url} does not answer "
                f"({type(error).__name__}): is `factory query serve` running?"
            ) from error
        document: Document = answer.json() if answer.content else {}
        if answer.is_success:
            return document
        raise ProblemError(document.get("code", str(answer.status_code)), _sentence(document))

    def rows(self, path: str, limit: int | None = None, **query: object) -> Iterator[Document]:
        """Give the rows of a list, page after page, at most ``limit``."""
        token_of_page: str | None = None
        given = 0
        while True:
            page = self.get(path, page_token=token_of_page, **query)
            for row in page["data"]:
                if limit is not None and given >= limit:
                    return
                given += 1
                yield row
            token_of_page = page.get("nextPageToken")
            if token_of_page is None:
                return

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _sentence(document: Document) -> str:
    """Give the problem as one sentence, fields included."""
    findings = "; ".join(f"{one['field']}: {one['rule']}" for one in document.get("errors", ()))
    code = document.get("code", "unknown")
    return f"{code}: {findings or document.get('detail', 'the API gave no reason.')}"
