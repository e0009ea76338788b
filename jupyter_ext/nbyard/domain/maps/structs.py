"""The map of a node: where its elements come from, and what happens when some fail."""

import re
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments.structs import ANY, Argument
from nbyard.domain.unions import UnionMember

# Ports of mapped nodes. No argument can have these names.
EACH = "@each"
ALL = "@all"
EACH_PORT = Argument(EACH, role="input", format=ANY, required=True)
ALL_PORT = Argument(ALL, role="output", format="jsonl")
MAX_ELEMENTS = 10_000
AT_ONCE = 4  # elements of an optimiser, unless its map says otherwise
POLICY = re.compile(r"first|all|[0-9]{1,5}|(100|[0-9]{1,2})%")


class Grid(UnionMember, frozen=True, tag="grid"):
    """One element for each combination of the values of parameters."""

    values: dict[str, list[Any]]


class Items(UnionMember, frozen=True, tag="list"):
    """One element for each value of the JSON list at `@each`, for the parameter `over`."""

    over: str


class Rows(UnionMember, frozen=True, tag="rows"):
    """One element for each row of the table at `@each`; its `columns` are parameters."""

    columns: tuple[str, ...]


class Files(UnionMember, frozen=True, tag="files"):
    """One element for each file of the folder at `@each`, for the input `over`."""

    over: str


class Range(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Numbers from `low` to `high`, both included; with `log`, each order of magnitude alike."""

    low: int | float
    high: int | float
    log: bool = False

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must be at most high")
        if self.log and self.low <= 0:
            raise ValueError("low must be positive if log is true")


class Search(UnionMember, frozen=True, omit_defaults=True, tag="search"):
    """`count` elements with values from `space`, which the search method `by` suggests.

    Random samples are known at once. An optimiser suggests elements while others run, from the
    metric `goal` of those that have ended. With `prune`, it stops elements that log bad values.
    """

    space: dict[str, Range | list[Any]]
    count: int = 20
    by: str = "random"
    seed: int = 0
    goal: str = ""
    direction: Literal["maximize", "minimize"] = "maximize"
    prune: bool = False

    def __post_init__(self) -> None:
        if not all([self.space, *(isinstance(own, Range) or own for own in self.space.values())]):
            raise ValueError("space must have parameters, each with a range or values")
        if not 1 <= self.count <= MAX_ELEMENTS:
            raise ValueError(f"count must be from 1 to {MAX_ELEMENTS:,}")


Source = Grid | Items | Rows | Files | Search
STATIC = (Grid, Search)  # sources that need no data


class Map(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A node runs once for each element of `each`.

    `on_failure` is when no more elements start: after the `first` failure, never (`all` run), or
    after more than a number (`3`) or a share (`10%`) of failures. At most `at_most` run at once.
    """

    each: Source
    on_failure: str = "first"
    at_most: int | None = None

    def __post_init__(self) -> None:
        if not POLICY.fullmatch(self.on_failure):
            raise ValueError("on_failure must be first, all, a number such as 3, or 10%")
        if self.at_most is not None and self.at_most < 1:
            raise ValueError("at_most must be at least 1")

    def source_of(self, node: str, data: str) -> str:
        """Return what maps share if they have the same elements. `data` is at `@each`."""
        if isinstance(self.each, Search) and self.each.goal:
            return node  # an optimiser suggests other elements in each map
        return repr(self.each) if isinstance(self.each, STATIC) else f"{type(self.each)} {data}"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the arguments that differ between elements."""
        match self.each:
            case Grid(values=values):
                return tuple(values)
            case Search(space=space):
                return tuple(space)
            case Rows(columns=columns):
                return columns
            case Items(over=over) | Files(over=over):
                return (over,)


class MapPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """The map of a frozen node. Without `each`, it has the elements of the map that it follows.

    `earlier` is the ID of the run whose finished elements a retry reuses. With a `count`, an
    optimiser adds elements up to that number.
    """

    each: Source | None = None
    on_failure: str = "first"
    at_most: int | None = None
    earlier: str = ""
    count: int = 0


class Element(msgspec.Struct, frozen=True):
    """The element of a task: the node of its `map`, and its place there, from 0.

    The `key` depends on the content of the element only. The `label` shows it to users.
    """

    map: str
    key: str
    label: str
    position: int
