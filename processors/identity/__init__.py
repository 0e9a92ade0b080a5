"""Identity: principals, the built-in roles and their bindings.

Owns who a principal is and what it may do: ``authorise`` refuses, ``permits``, ``has_role`` and ``roles_of``
look, ``enrol`` brings in a principal with its first role. Does not own credentials (none ever enters a
topic), policies (governance) nor who may write to an input topic (topics).
"""

from processors.identity import (
    establish_platform,
    evolve,
    grant_role,
    register_principal,
    revoke_role,
)
from processors.identity.access import authorise, find, has_role, permits, roles_of
from processors.identity.enrolment import enrol
from processors.identity.roles import PERMISSIONS, ROLES
from processors.rules import CommandRule, Commands, Evolvers
from schemas.messages.identity import commands, facts

__all__ = [
    "COMMANDS",
    "EVOLVERS",
    "PERMISSIONS",
    "ROLES",
    "authorise",
    "enrol",
    "find",
    "has_role",
    "permits",
    "roles_of",
]

# Access is administered while the tenant is suspended too, and does not count against commands.rate: taking a role
# from whoever floods the tenant must not wait for the flood to end.
COMMANDS: Commands = {
    commands.EstablishPlatform: CommandRule(
        establish_platform.decide, "", platform_only=True, metered=False
    ),
    commands.RegisterPrincipal: CommandRule(
        register_principal.decide, "principal:register", while_suspended=True, metered=False
    ),
    commands.GrantRole: CommandRule(
        grant_role.decide, "role:grant", while_suspended=True, metered=False
    ),
    commands.RevokeRole: CommandRule(
        revoke_role.decide, "role:revoke", while_suspended=True, metered=False
    ),
}

EVOLVERS: Evolvers = {
    facts.PrincipalRegistered: (evolve.principal_registered,),
    facts.RoleGranted: (evolve.role_granted,),
    facts.RoleRevoked: (evolve.role_revoked,),
}
