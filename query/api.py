"""The HTTP API: ``/api/v1``, health and metrics, every error a problem document. It never writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response

from query.access import Verifier
from query.metrics import CONTENT_TYPE
from query.problems import MEDIA_TYPE, STATUS_OF, Problem, install
from query.reading import Views
from query.routes import assets, costs, governance, operators, workflows
from query.routes.operators import Laggard
from query.settings import API_PREFIX

_ROUTERS: Final = (workflows, governance, costs, assets, operators)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API stands on."""

    views: Views
    verifier: Verifier
    laggard: Laggard
    why_not_healthy: Callable[[], str]
    why_not_ready: Callable[[], str]
    metrics: Callable[[], bytes]


def _responses() -> dict[int | str, dict[str, object]]:
    """Give the problem answers for the OpenAPI document, one for each status."""
    codes: dict[int, list[str]] = {}
    for code, status in STATUS_OF.items():
        codes.setdefault(status, []).append(code)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": " or ".join(names), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, names in codes.items()
        if status not in {405, 503}
    }


def create(parts: Parts) -> FastAPI:
    """Give the app; documentation pages are off, the OpenAPI document is served."""
    app = FastAPI(
        title="Factory Control Plane: queries",
        version="1",
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.views = parts.views
    app.state.verifier = parts.verifier
    app.state.laggard = parts.laggard
    install(app)
    api = APIRouter(prefix=API_PREFIX, responses=_responses())
    for module in _ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(_health(parts))
    _describe(app)
    return app


def _health(parts: Parts) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def health() -> dict[str, str]:
        """Tell whether the projector makes progress, not only that the server answers."""
        _must_be_empty(parts.why_not_healthy())
        return {"status": "alive"}

    @router.get("/readyz")
    def readiness() -> dict[str, str]:
        """Tell whether the views have caught up and are fresh."""
        _must_be_empty(parts.why_not_ready())
        return {"status": "ready"}

    @router.get("/metrics")
    def metrics() -> Response:
        """Give the process's figures in Prometheus text form."""
        return Response(parts.metrics(), media_type=CONTENT_TYPE)

    return router


def _must_be_empty(reason: str) -> None:
    if reason:
        raise Problem("NOT_READY", reason)


def _describe(app: FastAPI) -> None:
    """Add what the framework cannot know to the OpenAPI document: the problem's shape and the token."""
    document = app.openapi()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = {
        "title": "Problem",
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(STATUS_OF)},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
                },
            },
        },
    }
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    document["security"] = [{"token": []}]
    app.openapi_schema = document
