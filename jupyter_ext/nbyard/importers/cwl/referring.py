"""References in all texts of a description, to inputs under other names."""

from collections.abc import Mapping

import msgspec

from nbyard.domain.descriptions import Description
from nbyard.domain.reaches import Beside, Bound, Found
from nbyard.domain.references import renamed


def with_names(description: Description, names: Mapping[tuple[str, ...], str]) -> Description:
    """References by the names that arguments have here."""

    def told(text: str) -> str:
        return renamed(text, names)

    def bound(found: Bound) -> Bound:
        text = None if found.text is None else told(found.text)
        each = bound(found.each) if found.each else None
        fields = {name: bound(one) for name, one in found.fields.items()}
        return msgspec.structs.replace(found, text=text, each=each, fields=fields)

    arguments = []
    for argument in description.arguments or ():
        reach = argument.reach
        if isinstance(reach, Bound):
            reach = bound(reach)
        elif isinstance(reach, Found):
            patterns = tuple(told(pattern) for pattern in reach.patterns)
            value = told(reach.value)
            reach = msgspec.structs.replace(reach, patterns=patterns, value=value)
        arguments.append(msgspec.structs.replace(argument, reach=reach))
    old = description.invocation
    files = [msgspec.structs.replace(f, text=told(f.text), name=told(f.name)) for f in old.files]
    invocation = msgspec.structs.replace(
        old,
        words=tuple(bound(word) for word in old.words),
        variables={name: told(text) for name, text in old.variables.items()},
        files=tuple(files),
        stdout=told(old.stdout),
        stderr=told(old.stderr),
    )
    return msgspec.structs.replace(description, arguments=tuple(arguments), invocation=invocation)


def as_secondary(description: Description) -> Description:
    """References to files beside others as CWL has them: `$(inputs.reads.secondaryFiles[0])`."""
    names: dict[tuple[str, ...], str] = {}
    counts: dict[str, int] = {}
    for argument in description.arguments or ():
        if isinstance(argument.reach, Beside) and argument.role == "input":
            index = counts.setdefault(argument.reach.of, 0)
            names[argument.name,] = f"{argument.reach.of}.secondaryFiles[{index}]"
            counts[argument.reach.of] += 1
    return with_names(description, names) if names else description
