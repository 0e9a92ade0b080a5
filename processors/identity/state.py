"""What identity keeps: principals with their role bindings. A principal has no life cycle in this release."""

from schemas.messages.identity.state import Principal, RoleBinding

__all__ = ["Principal", "RoleBinding"]
