"""Loops: automations whose runs cause, directly or through others, the event that fired them."""

from collections.abc import Iterable

import msgspec


class Link(msgspec.Struct, frozen=True):
    """A link between automations: an event of `source` leads to an event of `target`.

    Both are files of code, whose event is a run, or datasets, whose event is a new version.
    `shown` is the name of the target for users.
    """

    source: str
    target: str
    shown: str


def find_loop(links: Iterable[Link], new: Link) -> list[str] | None:
    """Return the names along the loop that a new link would close; None without a loop.

    The list begins and ends with the target of the new link.
    """
    following: dict[str, list[Link]] = {}
    for link in links:
        following.setdefault(link.source, []).append(link)
    came_by: dict[str, Link] = {}
    reached = [new.target]
    for place in reached:
        if place == new.source:
            return [*_names(new, came_by, place), new.shown]
        for link in following.get(place, ()):
            if link.target not in came_by and link.target != new.target:
                came_by[link.target] = link
                reached.append(link.target)
    return None


def _names(new: Link, came_by: dict[str, Link], place: str) -> list[str]:
    """Return the names from the target of the new link to a place.

    `came_by` has for each place the link by which the search reached it.
    """
    names: list[str] = []
    while place != new.target:
        link = came_by[place]
        names.append(link.shown)
        place = link.source
    return [new.shown, *reversed(names)]
