"""Names are unique among what people can tell apart."""

from collections.abc import Mapping

from nbyard.domain.names import name_key
from nbyard.errors import NameTaken


def check_free(names: Mapping[str, str], noun: str, name: str, own: str = "") -> None:
    """Refuse a name that looks like one that is taken; `names` are those of all, by their ids.

    Raises:
        NameTaken: another thing than `own` has it.
    """
    wanted = name_key(name)
    for key, taken in names.items():
        if key != own and name_key(taken) == wanted:
            raise NameTaken(f"There is {noun} {taken!r} already.", hint="Choose another name.")
