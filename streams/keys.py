"""Keys of lease tokens: the same token on a re-run, unguessable without the secret (settled.md 19).

Token of an attempt = ``<key id>.<HMAC-SHA-256(secret, tenant, task, attempt)>``. Facts and state hold its SHA-256
only. The newest key signs. Older ones are kept for what was signed with them: a late answer under a lease that is over
shows by its token that its agent really had it, and a start that the secret is this factory's (start.py).
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.ids import TaskId, TenantId
from schemas.output import OperatorError
from streams.settings import Settings

_SECRET_BYTES: Final = 32
_CHECK_TEXT: Final = b"lease key check"
"""What a check signs; a token's content has two NUL bytes in it, so no token can be made of a check."""
_CHECK_BYTES: Final = 8
"""Tells two secrets apart but for one chance in 2^64, and costs a commit 14 bytes with its key id."""


class HmacLeaseKeys:
    """Signs lease tokens under the newest of some keys: key id -> secret, newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._key_id = next(iter(self._keys))
        self.checks: Mapping[str, str] = {name: _check(name, keys[name]) for name in keys}
        """Key id -> what tells this key from another of the same id without telling the secret, newest first."""

    @property
    def newest(self) -> str:
        """Give the check of the key that signs."""
        return self.checks[self._key_id]

    def token(self, tenant_id: TenantId, task_id: TaskId, attempt: int) -> str:
        """Give the token of one attempt."""
        return self._token(self._key_id, (tenant_id, task_id, str(attempt)))

    def is_token(self, token: str, tenant_id: TenantId, task_id: TaskId, attempt: int) -> bool:
        """Tell whether it is the token of the attempt, under the newest key or an older one."""
        key_id = token.partition(".")[0]
        if key_id not in self._keys:
            return False
        expected = self._token(key_id, (tenant_id, task_id, str(attempt)))
        return hmac.compare_digest(expected.encode(), token.encode())

    def _token(self, key_id: str, place: tuple[str, str, str]) -> str:
        digest = hmac.digest(self._keys[key_id], "\0".join(place).encode(), "sha256")
        return f"{key_id}.{_base64(digest)}"

    def token_hash(self, token: str) -> bytes:
        """Give the SHA-256 of a token."""
        return hashlib.sha256(token.encode()).digest()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _check(key_id: str, secret: bytes) -> str:
    digest = hmac.digest(secret, _CHECK_TEXT + key_id.encode(), "sha256")
    return f"{key_id}.{_base64(digest[:_CHECK_BYTES])}"


def lease_keys(settings: Settings) -> HmacLeaseKeys:
    """Give the keys: of FACTORY_LEASE_SECRET, else of the key file, which is made on first use.

    All workers of one factory must hold the same secret: a partition that moves must yield the same tokens.
    Raises OperatorError for a secret that cannot be used.
    """
    return parsed_keys(settings.lease_secret or _from_file(key_file(settings.local)))


def key_file(local: Path) -> Path:
    """Give the file that holds the keys where FACTORY_LEASE_SECRET is not set."""
    return local / "keys" / "lease.key"


def parsed_keys(text: str) -> HmacLeaseKeys:
    """Give the keys of ``keyId:secret`` pairs separated by commas, newest first. Raises OperatorError."""
    keys: dict[str, bytes] = {}
    for pair in text.split(","):
        key_id, colon, secret = pair.strip().partition(":")
        if not colon or not key_id.isalnum() or len(secret) < _SECRET_BYTES:
            raise OperatorError(
                f"The lease secret must be keyId:secret with at least {_SECRET_BYTES} characters."
            )
        if key_id in keys:
            raise OperatorError(f"The lease secret names key {key_id} twice: give each its own id.")
        keys[key_id] = secret.encode()
    return HmacLeaseKeys(keys)


def _from_file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"k1:{secrets.token_hex(_SECRET_BYTES)}")
        # Linking fails if another worker was faster, and never shows half a key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return read_key_file(path)


def read_key_file(path: Path) -> str:
    """Give the pairs that the file holds. Raises OperatorError where others may read it, OSError."""
    if path.stat().st_mode & 0o077:
        raise OperatorError(f"Others can read {path}: chmod 600 it, or make a new one.")
    return path.read_text(encoding="utf-8")
