"""Keys of lease tokens: the same token on a re-run, unguessable without the secret (settled.md 19).

Token of an attempt = ``<key id>.<HMAC-SHA-256(secret, tenant, task, attempt)>``. Facts and state hold its SHA-256
only. The newest key signs; a token never has to be opened here, so older keys only need to stay readable to who
compares hashes.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from schemas.ids import TaskId, TenantId
from schemas.output import OperatorError
from streams.settings import Settings

_SECRET_BYTES = 32


class HmacLeaseKeys:
    """Signs lease tokens under one secret."""

    def __init__(self, key_id: str, secret: bytes) -> None:
        self._key_id = key_id
        self._secret = secret

    def token(self, tenant_id: TenantId, task_id: TaskId, attempt: int) -> str:
        """Give the token of one attempt."""
        content = "\0".join((tenant_id, task_id, str(attempt))).encode()
        digest = hmac.digest(self._secret, content, "sha256")
        return f"{self._key_id}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def token_hash(self, token: str) -> bytes:
        """Give the SHA-256 of a token."""
        return hashlib.sha256(token.encode()).digest()


def lease_keys(settings: Settings) -> HmacLeaseKeys:
    """Give the keys: of FACTORY_LEASE_SECRET, else of the key file, which is made on first use.

    All workers of one factory must hold the same secret: a partition that moves must yield the same tokens.
    Raises OperatorError for a secret that cannot be used.
    """
    text = settings.lease_secret or _from_file(settings.local / "keys" / "lease.key")
    key_id, colon, secret = text.split(",", 1)[0].strip().partition(":")
    if not colon or not key_id.isalnum() or len(secret) < _SECRET_BYTES:
        raise OperatorError(
            f"The lease secret must be keyId:secret with at least {_SECRET_BYTES} characters."
        )
    return HmacLeaseKeys(key_id, secret.encode())


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
    if path.stat().st_mode & 0o077:
        raise OperatorError(f"Others can read {path}: chmod 600 it, or make a new one.")
    return path.read_text(encoding="utf-8")
