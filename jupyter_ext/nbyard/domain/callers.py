"""Who asks: set once at the boundary."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """A name, groups and scopes (`runs:write` …; `*` allows everything)."""

    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("*",)

    def may(self, scope: str) -> bool:
        return "*" in self.scopes or scope in self.scopes
