"""Completes verbs of `%nbyard` and names of existing objects."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nbyard.domain.automations.times.phrases import EXAMPLES
from nbyard.domain.models.structs import MODEL_FILES
from nbyard.errors import NbyardError

CODE = (".ipynb", ".nbflow", ".py", ".sh")
MOST = 200
# How many words after a verb are completed, for verbs with more than one.
MOST_WORDS = {"why": 2, "diff": 10, "schedule": 2}


class Completion:
    """The hook that IPython's completer calls for `%nbyard`."""

    def __init__(self, magics: Any):
        self._magics = magics
        self._names: dict[str, Callable[[], Sequence[str]]] = {
            "dataset": lambda: self._of("datasets"),
            "run": lambda: [*self._files(), *self._of("executables")],
            "check": self._files,
            "status": self._runs,
            "why": self._runs,
            "lineage": lambda: self._of("artifacts"),
            "diff": self._runs,
            "schedule": lambda: [f'"{phrase}"' for phrase in EXAMPLES] + self._files(),
            "deploy": lambda: [*self._models(), *self._runs()],
            "fire": lambda: self._of("automations"),
        }

    def __call__(self, _shell: Any, event: Any) -> list[str]:
        """Return the words with which the word at the cursor can be completed."""
        typed_words = event.text_until_cursor.split()[1:]
        # The word at the cursor is still incomplete.
        if typed_words and event.symbol and event.text_until_cursor.endswith(event.symbol):
            typed_words = typed_words[:-1]
        if event.line.startswith("%%"):
            choices: Sequence[str] = [] if typed_words else ["executable"]
        elif not typed_words:
            choices = self._magics.verbs
        else:
            most = MOST_WORDS.get(typed_words[0], 1)
            choices = self._names.get(typed_words[0], list)() if len(typed_words) <= most else []
        return [word for word in choices if word.startswith(event.symbol)]

    def _of(self, noun: str) -> list[str]:
        """Return the names of a noun's objects, without names that contain spaces."""
        return [item.name for item in self._items(noun) if not any(map(str.isspace, item.name))]

    def _items(self, noun: str) -> Sequence[Any]:
        try:
            page = getattr(self._magics.connection, noun).list(limit=MOST)
        # A message would break the line that the user types.
        except NbyardError:
            return []
        items: Sequence[Any] = page.items
        return items

    def _runs(self) -> list[str]:
        return [str(run.number) for run in self._items("runs")]

    def _models(self) -> list[str]:
        folders = {path.parent for name in MODEL_FILES for path in Path().glob(f"*/{name}")}
        return sorted([*map(str, folders), *(path.name for path in Path().glob("*.py"))])

    def _files(self) -> list[str]:
        return sorted(path.name for path in Path().iterdir() if path.suffix in CODE)
