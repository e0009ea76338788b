"""Sorts the words of a magic into arguments, parameter values and options."""

from collections.abc import Sequence

import msgspec
from IPython.core.error import UsageError


class OptionWords(msgspec.Struct, frozen=True):
    """The words after a verb. `texts` has the values of parameters as typed, by name."""

    arguments: list[str]
    texts: dict[str, str]
    options: dict[str, str]
    flags: set[str]


def read_words(
    argv: Sequence[str], known: Sequence[str], usage: str, flags: Sequence[str] = ()
) -> OptionWords:
    """Sort words into arguments, `-p NAME=VALUE`, known options, and flags without a value.

    Raises:
        UsageError: An option is unknown or lacks its value.
    """
    parsed = OptionWords([], {}, {}, set())
    left = list(argv)
    while left:
        word = left.pop(0)
        if word == "-p":
            name, sign, value = (left.pop(0) if left else "").partition("=")
            if not (name and sign):
                raise UsageError(f"-p needs NAME=VALUE. {usage}")
            parsed.texts[name] = value
        elif word in flags:
            parsed.flags.add(word)
        elif word in known:
            if not left:
                raise UsageError(f"{word} needs a value. {usage}")
            parsed.options[word] = left.pop(0)
        elif word.startswith("-"):
            raise UsageError(f"{word} is no option. {usage}")
        else:
            parsed.arguments.append(word)
    return parsed
