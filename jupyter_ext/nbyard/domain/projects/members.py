"""Roles of users and groups on projects and other resources, and links that show one of these."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec

from nbyard.domain.callers import Role
from nbyard.domain.paging import check_range
from nbyard.domain.presentation import AGE, shown
from nbyard.errors import Invalid

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
LinkedKind = Literal["dataset", "run", "workflow", "deployment"]
LINKED_KINDS: tuple[LinkedKind, ...] = get_args(LinkedKind)
LINK_DAYS, MIN_LINK_DAYS, MAX_LINK_DAYS = 30.0, 0.001, 365.0
LINKS = "nbyard/links"
# No user of a hub or machine has a slash in the name.
LINK_VIEWER = "/link/"


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


class NewShareLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link that shows one resource until it expires, after at most 365 days."""

    days: Annotated[
        float,
        shown("Expires", option="--expires", option_help="Time: 12h, 30d, 4w.", format=AGE),
    ] = LINK_DAYS

    def check(self) -> None:
        """Check the duration.

        Raises:
            Invalid: It is out of range.
        """
        check_range("days", self.days, MIN_LINK_DAYS, MAX_LINK_DAYS)


class ShareLink(msgspec.Struct, frozen=True):
    """A link that shows one resource."""

    id: str
    creator: str
    created_at: datetime
    expires_at: datetime


class CreatedShareLink(ShareLink, frozen=True):
    """A new link with its address `url`, which is not shown again.

    If the server does not know its own address in browsers, `url` begins with a slash.
    """

    url: str = ""


class OpenedLink(msgspec.Struct, frozen=True):
    """What a link shows."""

    id: str
    kind: LinkedKind
    resource: str
    owner: str
    expires_at: datetime

    @property
    def viewer(self) -> str:
        """Return the name of the caller who sees this resource and nothing else."""
        return LINK_VIEWER + self.id


def hash_of_link(secret: str) -> str:
    """Return the hash under which the secret of a link is stored; it has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
