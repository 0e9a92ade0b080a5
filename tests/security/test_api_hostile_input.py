"""Hostile questions: injection, bounds, odd HTTP. Never a 5xx of ours, never another row (reliability.md B18 to 21)."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from query.settings import API_PREFIX as PREFIX
from tests.unit.query.recorded import uid
from tests.unit.query.story import names
from tests.unit.query.views import World

PAYLOADS = [
    "'",
    "''",
    '"',
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE audit; --",
    "') OR ('1'='1",
    "1; SELECT * FROM audit",
    "' UNION SELECT * FROM audit --",
    "acme' --",
    "$tenant_id",
    "${tenant_id}",
    "%",
    "_",
    "%%%%%%%%%%",
    "*",
    "\\",
    "\\'",
    "`",
    "\x00",
    "\x00acme",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "read_csv('/etc/passwd')",
    "ATTACH '/tmp/x.db'",
    "PRAGMA database_list",
    "COPY audit TO '/tmp/x'",
    "/* */",
    "--",
    "#",
    ";",
    "||",
    "acme|globex",
    "acme·globex",
    "\n",
    "\r\nX-Injected: 1",
    "\t",
    " ",
    "null",
    "None",
    "true",
    "NaN",
    "-1",
    "1e309",
    "9223372036854775808",
    "-9223372036854775809",
    "0x41",
    "\u202eemca",
    "\u0430cme",
    "\uff41\uff43\uff4d\uff45",
    "e\u0301",
    "\ud7ff",
    "\U0001f4a5",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "(a+)+$",
    "a" * 300,
    "A" * 20_000,
]


def routes(world: World) -> list[tuple[str, list[str]]]:
    document = world.app.openapi()
    return [
        (
            path,
            [p["name"] for p in operations["get"].get("parameters", []) if p["in"] == "query"],
        )
        for path, operations in document["paths"].items()
    ]


def headers(world: World, operator: bool = False) -> dict[str, str]:
    token = world.token("system", "PlatformAdmin") if operator else world.token("acme")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_parameter_is_ever_sql(shown: World, payload: str) -> None:
    fill = {
        "workflow_instance_id": names("acme")["wf"],
        "artifact_id": names("acme")["artifact"],
        "tenant_id": "acme",
        "source": "cp.commands.v1:0:0",
    }
    before = shown.rows()
    for path, parameters in routes(shown):
        operator = any(word in path for word in ("/lag", "/tenants", "/dead-letters"))
        for name in parameters:
            answer = shown.send(
                "GET",
                path.format(**fill),
                params={name: payload},
                headers=headers(shown, operator),
            )
            assert answer.status_code in {200, 404, 422, 504}, (path, name, answer.text)
            if answer.status_code == 200 and isinstance(answer.json()["data"], list):
                assert "globex" not in answer.text or operator
    assert shown.rows() == before


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_path_is_ever_sql(shown: World, payload: str) -> None:
    for path in ("/workflows/", "/artifacts/", "/dead-letters/", "/tenants/"):
        url = f"{PREFIX}{path}{quote(payload[:2000], safe='')}"
        answer = shown.send("GET", url, headers=headers(shown, operator=True))
        assert answer.status_code in {200, 404, 405, 422}, (url, answer.text)
        assert "passwd" not in answer.text.replace(payload, "")


def token_of(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "!!!",
        "AAAA",
        token_of([]),
        token_of([1, 2]),
        token_of(["1"]),
        token_of([1.5]),
        token_of([True]),
        token_of([None]),
        token_of([[1]]),
        token_of({"a": 1}),
        token_of([2**63]),
        token_of([-(2**70)]),
        token_of("x" * 300),
        "W" * 600,
        base64.urlsafe_b64encode(b"[" * 300).decode(),
    ],
)
def test_a_page_token_that_is_none_is_refused(shown: World, token: str) -> None:
    answer = shown.get("/audit", page_token=token)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/audit", {"page_size": 501}),
        ("/audit", {"page_size": 0}),
        ("/audit", {"page_size": -1}),
        ("/audit", {"page_size": "many"}),
        ("/audit", {"wait": 11}),
        ("/audit", {"wait": -1}),
        ("/audit", {"wait": "nan"}),
        ("/audit", {"minSequence": -1}),
        ("/audit", {"minSequence": 2**63}),
        ("/audit", {"trace": "xyz"}),
        ("/audit", {"from": "yesterday"}),
        ("/audit", {"offset": 1_000_000}),
        ("/audit", {"sort": "tenant_id"}),
        ("/costs", {}),
        ("/costs", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("/costs", {"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("/costs", {"from": "2026-01-01", "to": "2026-01-02", "group_by": "tenant"}),
        (f"/artifacts/{names('acme')['artifact']}/lineage", {"depth": 33}),
        (f"/artifacts/{names('acme')['artifact']}/lineage", {"depth": 0}),
        (f"/artifacts/{names('acme')['artifact']}/lineage", {"direction": "sideways"}),
        ("/workflows/wf-1", {}),
        (f"/workflows/WF-{uid('x')}", {}),
        ("/artifacts/art-1", {}),
    ],
)
def test_bounds_are_kept_with_the_field_named(
    shown: World, path: str, query: dict[str, Any]
) -> None:
    answer = shown.get(path, **query)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "INVALID_ARGUMENT")
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["errors"][0]["field"]


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_instants_at_the_edge_of_the_calendar_find_nothing(shown: World, year: str) -> None:
    for query in ({"from": year}, {"to": year}):
        assert shown.get("/audit", **query).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(shown: World, method: str) -> None:
    answer = shown.send(method, f"{PREFIX}/audit", headers=headers(shown), json={"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/audit",
        "/.git",
    ],
)
def test_what_is_not_there_is_a_problem_document(shown: World, path: str) -> None:
    answer = shown.send("GET", path, headers=headers(shown))
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_defect_of_ours_tells_nothing_of_itself(
    shown: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("query.reading.Views.page", fail)
    answer = shown.get("/audit")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "secret" not in answer.text
