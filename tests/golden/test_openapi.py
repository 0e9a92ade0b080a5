"""The OpenAPI document is a contract: it changes in a reviewed diff or not at all.

``python -m tests.golden.test_openapi`` writes it anew.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from query.access import Verifier
from query.api import Parts, create
from query.problems import STATUS_OF
from query.reading import Views
from query.settings import API_PREFIX

GOLDEN = Path(__file__).parent / "openapi.json"


def document() -> dict[str, Any]:
    """Give the document of the app, without anything behind it."""
    nothing = cast("Any", SimpleNamespace())
    app = create(
        Parts(
            views=Views(nothing, nothing),
            verifier=Verifier(Path("nowhere")),
            laggard=nothing,
            why_not_healthy=str,
            why_not_ready=str,
            metrics=bytes,
        )
    )
    return app.openapi()


def test_the_document_is_the_reviewed_one() -> None:
    assert document() == json.loads(GOLDEN.read_text()), (
        "the API changed: if it should, run python -m tests.golden.test_openapi"
    )


def test_every_route_is_versioned_read_only_and_says_its_problems() -> None:
    said = document()
    assert said["security"] == [{"token": []}]
    codes = set(said["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert codes == set(STATUS_OF)
    for path, operations in said["paths"].items():
        assert path.startswith(API_PREFIX + "/")
        assert set(operations) == {"get"}
        responses = operations["get"]["responses"]
        assert {"200", "401", "403", "404", "422", "429"} <= set(responses)
        for status, response in responses.items():
            kind = "application/json" if status == "200" else "application/problem+json"
            assert list(response["content"]) == [kind], (path, status)


def test_every_answer_says_as_of_when() -> None:
    said = document()
    for path, operations in said["paths"].items():
        schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        assert {"data", "asOf"} <= set(said["components"]["schemas"][name]["required"]), path


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(document(), indent=1, sort_keys=True) + "\n")
