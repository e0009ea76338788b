"""Compile each SQL statement once in a process of tests.

SQLAlchemy keeps what it compiled with each engine, and most tests open a store with engines of its
own. Compiling for each of them took a fifth of the processor time of tests with a store.
"""

from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

COMPILED: LRUCache[Any, Any] = LRUCache(2_000)


def share_compiled_statements() -> None:
    """Let all engines of this process use one cache, whose keys contain their dialects."""
    engines: Any = Engine
    dialects: Any = DefaultDialect
    initialise = engines.__init__

    def shared(engine: Any, *arguments: Any, **options: Any) -> None:
        initialise(engine, *arguments, **options)
        engine.update_execution_options(compiled_cache=COMPILED)

    engines.__init__ = shared
    dialects.__hash__ = lambda self: hash(type(self))
    dialects.__eq__ = lambda self, other: type(self) is type(other)
