"""Executable versions that a run would create, for forecasts. No row is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.executables.structs import Executable, ExecutableVersion
from nbyard.freezing.executable_versions import Code, identity_of

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


class DryVersions:
    """Builds the executable versions that freezing would store. `new` has them by ID.

    The ID of a new version is derived from its content, so that it is the same in each forecast.
    """

    def __init__(self, store: Store):
        self._rows = store.executables
        self.new: dict[str, ExecutableVersion] = {}

    def follow(self, c: Connection, owner: str, code: Code, fields: dict[str, Any]) -> Executable:
        """Return the executable of a file with its present version, stored or new.

        It replaces `Freezer.follow`, which would insert rows.
        """
        known, now = self._rows.by_path(c, owner, str(code.path)), datetime.now(UTC)
        if known and all(getattr(known.current, name) == new for name, new in fields.items()):
            return known
        executable_id = known.id if known else ""
        version_id = f"{executable_id} {identity_of(fields)}"
        new = ExecutableVersion(version_id, executable_id, 0, created_at=now, **fields)
        self.new[new.id] = new
        if known:
            return msgspec.structs.replace(known, current=new)
        return Executable("", code.stem, "", owner, str(code.path), 0, now, now, new)
