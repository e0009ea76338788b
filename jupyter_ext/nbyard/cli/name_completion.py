"""Which arguments are names of what is stored. The table of commands has the answer."""

# Arguments whose name is not that of a noun.
BY_PLACE = {
    ("", "run", "words"): "executables",
    ("runs", "compare", "others"): "runs",
    ("runs", "why", "old"): "runs",
    ("runs", "why", "new"): "runs",
    ("models", "deploy", "target"): "models",
    ("channels", "update", "name"): "channels",
    ("credentials", "replace", "name"): "credentials",
    **{("environments", verb, "name"): "environments" for verb in ("install", "uninstall", "lock")},
    **{
        ("artifacts", verb, "name"): "artifacts"
        for verb in ("export", "log", "parameters", "rm", "status")
    },
}
NOUNS = frozenset(
    {
        *("artifact", "channel", "credential", "dataset", "deployment", "environment"),
        *("executable", "image", "model", "project", "run", "schedule", "trigger"),
    }
)


def noun_of(noun: str, verb: str, argument: str) -> str:
    """Return the noun whose names complete an argument of a command; empty for other arguments."""
    known = BY_PLACE.get((noun, verb, argument), "")
    return known or (f"{argument}s" if argument in NOUNS else "")
