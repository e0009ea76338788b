"""The caller of an operation, set once where the request arrives."""

from typing import Literal, get_args

import msgspec

from nbyard.errors import Forbidden

# A request from the code of a task carries the ID of its attempt.
ATTEMPT_HEADER = "Nbyard-Attempt"
# What a request creates is linked to the project with this ID.
PROJECT_HEADER = "Nbyard-Project"
HUB_SCOPE = "custom:nbyard:"
# From the lowest to the highest.
Role = Literal["viewer", "editor", "owner"]
ROLES: tuple[Role, ...] = get_args(Role)


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a user. `role` is that of the caller: a viewer may only read it."""

    owner: str
    role: Role = "owner"


class Caller(msgspec.Struct, frozen=True):
    """The sender of a request: a name, groups and scopes.

    A scope is that of an operation (`runs:write`), a right (`read`, `write`, `deploy`), or `*`,
    which allows everything. `name` owns what the request creates. `person` is the name of
    the person who signed in, where several people share one server. nbyard records this name, and
    it grants nothing.

    `attempt_id` is that of the attempt whose code sends the request, empty for others. It records
    what led to the request, and grants nothing. `project` is the active project of the request.
    """

    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("*",)
    attempt_id: str = ""
    project: str = ""
    person: str = ""

    @property
    def submitter(self) -> str:
        """Return the name that runs record."""
        return self.person or self.name

    def check(self, scope: str) -> None:
        """Check that the caller has a scope, which only users of a JupyterHub may lack.

        Raises:
            Forbidden: The caller lacks it.
        """
        if not self.may(scope):
            why = f"This needs the scope {HUB_SCOPE}{right_of(scope)} of the JupyterHub."
            raise Forbidden(why, hint="You or your token lack it. A role of the hub gives it.")

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope, such as `runs:write`."""
        return not {"*", scope, right_of(scope)}.isdisjoint(self.scopes)


def right_of(scope: str) -> str:
    """Return the right that includes a scope: `read`, `write`, `deploy`, or `admin`.

    Each right also includes those before it. The hub adds them.
    """
    verb = scope.partition(":")[2]
    if scope == "deployments:write":
        return "deploy"
    return "read" if verb == "use" else verb
