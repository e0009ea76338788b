"""Type information of structs, which msgspec builds when a type is decoded for the first time.

If two threads do that at once for one type, the process crashes (msgspec 0.22).
"""

import threading
from contextlib import suppress

import msgspec

_lock = threading.Lock()
_prepared: set[type[msgspec.Struct]] = set()


def prepare_structs() -> None:
    """Build the type information of all structs of the imported modules, each once."""
    with _lock:
        bases: list[type[msgspec.Struct]] = [msgspec.Struct]
        for base in bases:  # the loop extends the list
            for subclass in base.__subclasses__():
                bases.append(subclass)
                if subclass not in _prepared:
                    with suppress(Exception):  # of whatever package: nobody can decode it
                        msgspec.json.Decoder(subclass)
                    _prepared.add(subclass)
