"""Tokens that must not be believed (reliability.md B22): each gets 401 and no word of why."""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from query import access
from query.access import Verifier, issue, new_key
from schemas.output import OperatorError
from tests.unit.query.views import World

PATH = "/api/v1/audit"


def private(world: World) -> Ed25519PrivateKey:
    world.token("acme")
    return access._private(access._keys(world.keys)[-1])


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": access.ISSUER,
        "aud": access.AUDIENCE,
        "sub": "user:olga",
        "iat": now,
        "exp": now + 600,
        "tenant": "acme",
        "scope": "Viewer",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def signed(world: World, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    key = private(world)
    given = {"typ": access.TYPE, "kid": access.key_id(key.public_key()), **(headers or {})}
    return jwt.encode(claims(**changes), key, algorithm="EdDSA", headers=given)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(world: World) -> str:
    kid = access.key_id(private(world).public_key())
    header = {"alg": "none", "typ": access.TYPE, "kid": kid}
    return f"{encoded(header)}.{encoded(claims())}."


def keyed_with_the_public_key(world: World) -> str:
    public = private(world).public_key()
    header = {"typ": access.TYPE, "kid": access.key_id(public)}
    secret = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims(), secret, algorithm="HS256", headers=header)


def tampered(world: World) -> str:
    head, _, signature = signed(world).split(".")
    return f"{head}.{encoded(claims(tenant='globex'))}.{signature}"


def of_a_stranger(world: World) -> str:
    stranger = Ed25519PrivateKey.generate()
    kid = access.key_id(private(world).public_key())
    return jwt.encode(
        claims(), stranger, algorithm="EdDSA", headers={"typ": access.TYPE, "kid": kid}
    )


NOW = int(time.time())
FORGED: dict[str, Callable[[World], str]] = {
    "no signature": unsigned,
    "HMAC with the public key": keyed_with_the_public_key,
    "tampered payload": tampered,
    "a stranger's key": of_a_stranger,
    "unknown kid": lambda world: signed(world, {"kid": "0" * 16}),
    "kid that is a path": lambda world: signed(world, {"kid": "../../etc/passwd"}),
    "an id token": lambda world: signed(world, {"typ": "id+jwt"}),
    "plain typ": lambda world: signed(world, {"typ": "JWT"}),
    "brings a key": lambda world: signed(world, {"jwk": {"kty": "OKP"}}),
    "brings a place of keys": lambda world: signed(world, {"jku": "http://127.0.0.1/keys"}),
    "brings a certificate": lambda world: signed(world, {"x5u": "http://127.0.0.1/cert"}),
    "unknown critical header": lambda world: signed(world, {"crit": ["exp"]}),
    "wrong issuer": lambda world: signed(world, iss="somebody"),
    "wrong audience": lambda world: signed(world, aud="another"),
    "audience among others": lambda world: signed(world, aud=[access.AUDIENCE, "another"]),
    "expired": lambda world: signed(world, iat=NOW - 7200, exp=NOW - 3600),
    "expired beyond the skew": lambda world: signed(world, iat=NOW - 300, exp=NOW - 120),
    "issued in the future": lambda world: signed(world, iat=NOW + 3600, exp=NOW + 7200),
    "lives for a year": lambda world: signed(world, exp=NOW + 365 * 86_400),
    "no expiry": lambda world: signed(world, exp=None),
    "no issue time": lambda world: signed(world, iat=None),
    "no subject": lambda world: signed(world, sub=None),
    "no tenant": lambda world: signed(world, tenant=None),
    "no scope": lambda world: signed(world, scope=None),
    "two tenants": lambda world: signed(world, tenant=["acme", "globex"]),
    "a tenant with a pipe": lambda world: signed(world, tenant="acme|globex"),
    "an upper-case twin": lambda world: signed(world, tenant="Acme"),
    "a subject with a line break": lambda world: signed(world, sub="user:olga\nadmin"),
    "scope that is a list": lambda world: signed(world, scope=["Viewer"]),
    "a broken expiry": lambda world: signed(world, exp=NOW + 600.5),
    "8 kB": lambda world: signed(world, note="x" * 8000),
    "garbage": lambda _world: "a.b.c",
    "empty": lambda _world: "",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_ours_is_not_believed(shown: World, name: str) -> None:
    headers = {"Authorization": f"Bearer {FORGED[name](shown)}"}
    answer = shown.send("GET", PATH, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "urn:factory:problem:unauthenticated",
        "title": "Unauthorized",
        "status": 401,
        "code": "UNAUTHENTICATED",
        "detail": "A valid bearer token is needed.",
    }
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_good_token_is_believed_also_within_the_skew(shown: World) -> None:
    just_over = signed(shown, iat=NOW - 600, exp=int(time.time()) - 20)
    for token in (signed(shown), just_over):
        answer = shown.send("GET", PATH, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Basic b2xnYTpvbGdh")],
        [("Authorization", "{token}")],
        [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
        [("X-Authorization", "Bearer {token}")],
    ],
)
def test_one_authorization_header_or_nobody(shown: World, headers: list[tuple[str, str]]) -> None:
    token = shown.token("acme")
    sent = [(name, value.format(token=token)) for name, value in headers]
    assert shown.send("GET", PATH, headers=sent).status_code == 401


def test_a_token_in_the_query_is_not_looked_at(shown: World) -> None:
    answer = shown.send("GET", PATH, params={"access_token": shown.token("acme")})
    assert answer.status_code == 401


def test_roles_that_do_not_read_are_refused(shown: World) -> None:
    for role in ("AgentMesh", "DevOps", "Viewers"):
        answer = shown.get("/audit", "acme", role)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_an_old_key_is_believed_until_it_is_removed(tmp_path: Path) -> None:
    verifier = Verifier(tmp_path)
    old = issue(tmp_path, "acme")
    first = next(tmp_path.glob("*.pem"))
    newer = new_key(tmp_path)
    os.utime(first, ns=(1, 1))
    new = issue(tmp_path, "acme")
    assert jwt.get_unverified_header(new)["kid"] == newer
    assert verifier.caller(old).tenant_id == verifier.caller(new).tenant_id == "acme"
    first.unlink()
    with pytest.raises(access.UnauthenticatedError):
        verifier.caller(old)
    assert verifier.caller(new).subject == "user:cli"


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys" / "api"
    issue(folder, "acme")
    [key] = folder.iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"tenant_id": "Acme"}, "tenant id"),
        ({"tenant_id": "acme", "subject": "a b"}, "principal"),
        ({"tenant_id": "acme", "roles": frozenset()}, "role"),
        ({"tenant_id": "acme", "roles": frozenset({"a b"})}, "role"),
        ({"tenant_id": "acme", "ttl_s": 0}, "seconds"),
        ({"tenant_id": "acme", "ttl_s": 86_401}, "seconds"),
    ],
)
def test_a_token_that_nobody_would_believe_is_not_issued(
    tmp_path: Path, arguments: dict[str, Any], word: str
) -> None:
    with pytest.raises(OperatorError, match=word):
        issue(tmp_path, **arguments)


def test_a_key_that_is_no_key_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_bytes(b"not a key")
    with pytest.raises(OperatorError, match="cannot be read"):
        issue(tmp_path, "acme")
