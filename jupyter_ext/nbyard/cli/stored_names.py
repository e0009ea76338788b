"""The names of what is stored, for completion in the shell."""

import re

from click.shell_completion import CompletionItem

from nbyard.discover import connect
from nbyard.errors import NbyardError
from nbyard.host.server_names import server_of
from nbyard.settings import Settings

MOST = 200
# Names with other characters would have to be quoted.
PLAIN = re.compile(r"[\w.@:/+-]+")


def completions(server: str, noun: str, start: str) -> list[CompletionItem]:
    """Return the names of a noun that begin with `start`; for runs without a name their numbers.

    Errors lead to no names: a message would break the line that the user types.
    """
    settings = Settings()
    try:
        is_new = not (settings.database_url or (settings.store_path / "store.sqlite").exists())
        if is_new and not server_of(server):
            return []  # completion creates no store
        items = getattr(connect(server), noun).list(limit=MOST).items
    except (NbyardError, OSError):
        return []
    found = {str(getattr(one, "name", "") or getattr(one, "number", "")) for one in items}
    names = (one for one in found if one.startswith(start) and PLAIN.fullmatch(one))
    return [CompletionItem(name) for name in sorted(names)]
