"""The caller of an operation, set once where the request arrives."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """A name, groups and scopes (`runs:write` …; `*` allows everything)."""

    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("*",)

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        return "*" in self.scopes or scope in self.scopes
