"""Single values about the store itself, such as its ID and its counters."""

from sqlalchemy import Connection, bindparam, insert, select, update

from nbyard.store.schema.tables import facts

COLLECT_AT = "collect_at"
DELETED = "deleted:"
VALUE = select(facts.c.value).where(facts.c.name == bindparam("of"))
CHANGE = update(facts).where(facts.c.name == bindparam("of")).values(value=bindparam("to"))


class FactRows:
    """Queries on single values of the store, such as its ID, by name."""

    def get(self, c: Connection, name: str) -> str | None:
        """Return the value stored under the name."""
        return c.execute(VALUE, {"of": name}).scalar_one_or_none()

    def get_or_store(self, c: Connection, name: str, value: str) -> str:
        """Return the value stored under the name; store `value` first if there is none."""
        stored = self.get(c, name)
        if stored is None:
            c.execute(insert(facts), [{"name": name, "value": value}])
            return value
        return stored

    def set(self, c: Connection, name: str, value: str) -> None:
        """Store a value under a name; replace an earlier one."""
        if self.get_or_store(c, name, value) != value:
            c.execute(CHANGE, {"of": name, "to": value})

    def next_count(self, c: Connection, name: str, least: int) -> int:
        """Increase a counter above its last value and above `least`, and return it."""
        # The counter may be younger than the rows that it numbers.
        number = max(int(self.get_or_store(c, name, "0")), least) + 1
        c.execute(CHANGE, {"of": name, "to": str(number)})
        return number

    def deleted_name(self, c: Connection, source_id: str) -> str:
        """Return the name of a deleted row; empty if it is not known."""
        return self.get(c, f"{DELETED}{source_id}") or ""

    def keep_name(self, c: Connection, source_id: str, name: str) -> None:
        """Keep the name of an automation that is deleted, because its runs show it."""
        self.set(c, f"{DELETED}{source_id}", name)

    def collect_at(self, c: Connection) -> float:
        """Return when to look for unused bytes next, in seconds since 1970."""
        return float(self.get(c, COLLECT_AT) or 0)

    def set_collect_at(self, c: Connection, moment: float = 0) -> None:
        """Set when to look for unused bytes; the default 0 means at once, as after a deletion."""
        self.get_or_store(c, COLLECT_AT, "0")
        c.execute(CHANGE, {"of": COLLECT_AT, "to": str(moment)})
