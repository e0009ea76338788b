"""Finds the installed kinds of notice channels (entry point group `nbyard.channels`)."""

from typing import cast

from nbyard.host.entry_points import entry_points_of, load_entry_point
from nbyard.transfer.notices.protocol import ChannelKind

GROUP = "nbyard.channels"


def channel_kinds() -> list[ChannelKind]:
    """Return all kinds of channels, in the order in which they are tried."""
    # All of them, as only `describe` knows to which kind a URL belongs.
    kinds = [cast(ChannelKind, load_entry_point(GROUP, name)) for name in entry_points_of(GROUP)]
    return sorted(kinds, key=lambda kind: (kind.rank, kind.name))


def channel_kind(name: str) -> ChannelKind | None:
    """Return the kind with this name, None if no installed package has it."""
    return next((kind for kind in channel_kinds() if kind.name == name), None)
