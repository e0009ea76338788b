"""Roles of users and groups on projects and other resources."""

from typing import Annotated, Literal, get_args

import msgspec

from nbyard.domain.presentation import shown
from nbyard.errors import Invalid

# From the lowest to the highest.
Role = Literal["viewer", "editor", "owner"]
ROLES: tuple[Role, ...] = get_args(Role)
SharedKind = Literal[
    "project",
    "dataset",
    "executable",
    "workflow",
    "run",
    "model",
    "deployment",
    "environment",
    "automation",
]
SHARED_KINDS: tuple[SharedKind, ...] = get_args(SharedKind)
MAX_NAME = 200
EVERYONE = "*"  # in place of a name


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The role that a user or group gets on a project or another resource.

    A viewer may read it, an editor also change it, an owner also delete and share it. The name `*`
    publishes it: everyone may read it, and models are in the public catalog.
    """

    name: Annotated[str, shown("Name", order=1, argument=True)]
    role: Annotated[
        Role,
        shown(
            "Role",
            order=2,
            option_help="viewer, editor or owner.",
            labels={"viewer": "Viewer", "editor": "Editor", "owner": "Owner"},
        ),
    ] = "viewer"
    group: Annotated[
        bool, shown("Group of the hub", order=3, option_help="The name is that of a group.")
    ] = False

    def check(self) -> None:
        """Check the name and the role.

        Raises:
            Invalid: The name is empty, too long or not printable, or everyone may do too much.
        """
        if self.name == EVERYONE and (self.group or self.role != "viewer"):
            raise Invalid.field("role", "everyone can only be a viewer")
        if not 0 < len(self.name) <= MAX_NAME or not self.name.isprintable():
            why = f"must have 1 to {MAX_NAME} characters, all of them printable"
            raise Invalid.field("name", why)


class Member(msgspec.Struct, frozen=True):
    """A user or group with a role on a project or another resource.

    `is_creator` marks the user to whom the resource belongs.
    """

    name: str
    role: Role
    group: bool = False
    is_creator: bool = False
