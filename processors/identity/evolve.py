"""How the facts of identity change its table; each rule is frozen once released.

Source: domain.md §1.
"""

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.identity.state import Principal, RoleBinding
from schemas.messages.identity import facts


def principal_registered(tables: Tables, fact: facts.PrincipalRegistered, meta: Meta) -> None:
    """Put the principal, without a role."""
    tables.put(
        fact.principal_id,
        Principal(
            kind=fact.kind,
            display_name=fact.display_name,
            registered_at=meta.at,
            bindings=(),
        ),
    )


def role_granted(tables: Tables, fact: facts.RoleGranted, _meta: Meta) -> None:
    """Bind the role."""
    principal = tables.get(Principal, fact.principal_id)
    if principal is not None:
        bound = RoleBinding(role=fact.role, project_id=fact.project_id)
        tables.put(fact.principal_id, replace(principal, bindings=(*principal.bindings, bound)))


def role_revoked(tables: Tables, fact: facts.RoleRevoked, _meta: Meta) -> None:
    """Take the role back."""
    principal = tables.get(Principal, fact.principal_id)
    if principal is not None:
        gone = RoleBinding(role=fact.role, project_id=fact.project_id)
        kept = tuple(binding for binding in principal.bindings if binding != gone)
        tables.put(fact.principal_id, replace(principal, bindings=kept))
