"""Who asks: bearer tokens of one tenant, signed by a key of this machine (settled.md 17, reliability.md §2.4).

A token is a JWT (EdDSA, typ at+jwt) with exactly one tenant. Keys are Ed25519, one file a key, named by their id;
a verifier accepts the keys of the folder and nothing that a token brings along. The newest key signs, so that a
new one can be laid beside the old until the last old token has expired.
"""

import hashlib
import os
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from schemas.ids import SLUG, SYSTEM, TenantId
from schemas.output import OperatorError

ISSUER: Final = "factory-control-plane"
AUDIENCE: Final = "factory-query"
TYPE: Final = "at+jwt"
TTL_S: Final = 15 * 60
"""Lifetime of a token, seconds."""
TTL_MAX_S: Final = 24 * 3600
"""Longest lifetime that is issued or believed: a day, for the command line of this machine."""
SKEW_S: Final = 60
"""Clock difference that is forgiven."""
TOKEN_LENGTH_MAX: Final = 4096
PLATFORM_ADMIN: Final = "PlatformAdmin"
READERS: Final = frozenset({
    "TenantOwner", "FactoryOperator", "SolutionArchitect", "ProductOwner", "Viewer", PLATFORM_ADMIN,
})  # fmt: skip
"""Roles that may read their tenant; every other role reads nothing (domain.md §1)."""

_REQUIRED: Final = ["exp", "iat", "iss", "aud", "sub", "tenant", "scope"]
_SUFFIX: Final = ".pem"
_SUBJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}")


class UnauthenticatedError(Exception):
    """No token, or one that is not believed; the reason is not told to the caller."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the token says."""

    tenant_id: TenantId
    subject: str
    roles: frozenset[str]

    @property
    def is_reader(self) -> bool:
        """Whether any of the roles may read the tenant."""
        return bool(self.roles & READERS)

    @property
    def is_operator(self) -> bool:
        """Whether the caller may see what belongs to no tenant: lag, dead letters, all tenants."""
        return self.tenant_id == SYSTEM and PLATFORM_ADMIN in self.roles


def key_id(public: Ed25519PublicKey) -> str:
    """Give the id of a key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def new_key(folder: Path) -> str:
    """Make a signing key, mode 0600; give its id. From now on it signs."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    identity = key_id(private.public_key())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    partial = folder / f".{identity}.{os.getpid()}"
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    partial.rename(folder / (identity + _SUFFIX))
    return identity


def _keys(folder: Path) -> list[Path]:
    """List the key files, oldest first; one that is removed meanwhile is left out."""
    dated: list[tuple[int, Path]] = []
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError):
            dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated)]


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OperatorError(
            f"The signing key {path} cannot be read ({type(error).__name__}): "
            "run as the user that owns it, or remove it to have a new one made."
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise OperatorError(f"{path} is no Ed25519 key: remove it to have a new one made.")
    return private


def issue(
    folder: Path,
    tenant_id: str,
    subject: str = "user:cli",
    roles: frozenset[str] = frozenset({"Viewer"}),
    ttl_s: int = TTL_S,
) -> str:
    """Give a token of one tenant, signed by the newest key of the folder; the first use makes a key.

    Raises OperatorError (a tenant, subject, role or lifetime that no verifier would believe; an unreadable key).
    """
    if not re.match(SLUG, tenant_id):
        raise OperatorError(f"{tenant_id!r} is no tenant id: lower-case letters, digits, hyphens.")
    if not _SUBJECT.fullmatch(subject):
        raise OperatorError(f"{subject!r} is no principal id.")
    if not roles or any(not role.isalnum() for role in roles):
        raise OperatorError("A token needs at least one role, a word such as Viewer.")
    if not 0 < ttl_s <= TTL_MAX_S:
        raise OperatorError(f"A token lives between 1 and {TTL_MAX_S} seconds.")
    if not _keys(folder):
        new_key(folder)
    private = _private(_keys(folder)[-1])
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": now,
        "exp": now + ttl_s,
        "jti": str(uuid.uuid4()),
        "tenant": tenant_id,
        "scope": " ".join(sorted(roles)),
    }
    headers = {"typ": TYPE, "kid": key_id(private.public_key())}
    return jwt.encode(claims, private, algorithm="EdDSA", headers=headers)


class Verifier:
    """Believes tokens signed by the keys of a folder; a key laid there later is found, one removed is forgotten."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Ed25519PublicKey] = {}
        self._seen: tuple[str, ...] = ()

    def caller(self, token: str) -> Caller:
        """Give who a token says that it is. Raises UnauthenticatedError, which says nothing of why."""
        if len(token) > TOKEN_LENGTH_MAX:
            raise UnauthenticatedError
        try:
            header = jwt.get_unverified_header(token)
            claims = self._claims(token, header)
        except (jwt.PyJWTError, ValueError) as error:
            raise UnauthenticatedError from error
        return _caller(claims)

    def _claims(self, token: str, header: Mapping[str, object]) -> dict[str, object]:
        # A JOSE header may bring a key or a place of one (jwk, jku, x5u): none but kid is looked at, and
        # a token that carries more is not one of ours.
        if set(header) != {"alg", "typ", "kid"} or header["typ"] != TYPE:
            raise UnauthenticatedError
        public = self._public(str(header["kid"]))
        return jwt.decode(
            token,
            public,
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=SKEW_S,
            options={"require": _REQUIRED, "strict_aud": True},
        )

    def _public(self, identity: str) -> Ed25519PublicKey:
        paths = _keys(self._folder)
        seen = tuple(path.name for path in paths)
        if seen != self._seen:
            self._known = {path.stem: _private(path).public_key() for path in paths}
            self._seen = seen
        public = self._known.get(identity)
        if public is None or key_id(public) != identity:
            raise UnauthenticatedError
        return public


def _caller(claims: Mapping[str, object]) -> Caller:
    """Take the claims strictly: one tenant that is a string, one subject, a bounded lifetime."""
    tenant_id, subject, scope = claims["tenant"], claims["sub"], claims["scope"]
    issued, expires = claims["iat"], claims["exp"]
    if not (isinstance(tenant_id, str) and isinstance(subject, str) and isinstance(scope, str)):
        raise UnauthenticatedError
    if not (type(issued) is int and type(expires) is int and 0 < expires - issued <= TTL_MAX_S):
        raise UnauthenticatedError
    if not re.match(SLUG, tenant_id) or not _SUBJECT.fullmatch(subject):
        raise UnauthenticatedError
    return Caller(TenantId(tenant_id), subject, frozenset(scope.split()))
