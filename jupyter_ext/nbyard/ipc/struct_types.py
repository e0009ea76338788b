"""Builds the type information that msgspec needs to decode structs, before threads need it.

msgspec builds it at a type's first use. If two threads do that for one type at once, the process
crashes (msgspec 0.22).
"""

import threading
from contextlib import suppress

import msgspec

_lock = threading.Lock()
_prepared: set[type[msgspec.Struct]] = set()


def prepare_structs() -> None:
    """Build the type information of all structs in the modules imported so far, each once."""
    with _lock:
        bases: list[type[msgspec.Struct]] = [msgspec.Struct]
        for base in bases:  # the loop extends the list
            for subclass in base.__subclasses__():
                bases.append(subclass)
                if subclass not in _prepared:
                    with suppress(Exception):  # a struct that cannot be decoded, of any package
                        msgspec.json.Decoder(subclass)
                    _prepared.add(subclass)
