"""How the fields of structs are presented: as options of the shell and as fields of forms.

A field says it once, with `shown` inside `Annotated`:

    cpu: Annotated[float | None, shown("CPU", "Maximum number of cores.")] = None

The shell reads options and a request from it, spells the command of a request, and completes words.
The OpenAPI document has the label as `title`, the help as `description`, and the keys of the
browser as `x-` keys (`shown_when` is `x-shown-when`), from which forms are drawn.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec


class Format(msgspec.Struct, frozen=True):
    """How a value is typed in the shell, in both directions.

    `read` raises ValueError with the reason if a text has another form. `write` raises ValueError
    if no text stands for the value. `metavar` stands for the text in the help.
    """

    metavar: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The presentation of a field.

    `label` and `help` are for people, in the shell and in forms.

    In the shell, the option is `--` and the field's name, unless `option` declares another one
    (`--memory`, `-k --kernel`, or `--pinned/--follow` with the `values` of both). An empty text
    declares none. An `argument` is the name of a positional argument instead, in upper case, with
    `…` if it takes several words. `metavar` stands for the value in the help. `format` reads and
    writes values that are no plain texts or numbers. `option_help` replaces the help in the shell.
    A `secret` is never an option and never spelled. A `lock` is the field of a change that repeats
    what the client has seen, such as the revision.

    A form has the fields with an `order`, sorted by it; those with `more` are below *More*. A
    struct in a field adds its own fields, a list of structs those of its first row. `labels` are
    those of the values of a choice, in their order. `picker` names what is searched and chosen,
    such as `environment`. `placeholder` is shown while the field is empty, `empty` in a list of
    choices for no value. `widget` replaces the usual widget of the type, `unit` stands behind a
    number. `shown_when` has the fields with their values without which this one is hidden. A
    `fixed` field cannot change once the item exists.
    """

    label: str = ""
    help: str = ""
    option: str | None = None
    values: tuple[Any, Any] | None = None
    argument: str = ""
    metavar: str = ""
    format: Format | None = None
    option_help: str | None = None
    secret: bool = False
    lock: bool = False
    order: int | None = None
    more: bool = False
    labels: Mapping[str, str] | None = None
    picker: str = ""
    placeholder: str = ""
    empty: str = ""
    widget: str = ""
    unit: str = ""
    shown_when: Mapping[str, Any] | None = None
    fixed: bool = False


OF_FORMS = (
    *("order", "more", "labels", "picker", "placeholder", "empty", "widget", "unit"),
    *("shown_when", "fixed"),
)


def shown(label: str = "", help: str = "", **more: Any) -> msgspec.Meta:
    """Return the presentation of a field; `more` are the other fields of `Shown`."""
    presentation = Shown(label=label, help=help, **more)
    keys = {
        f"x-{name.replace('_', '-')}": value
        for name in OF_FORMS
        if (value := getattr(presentation, name)) not in (None, "", False)
    }
    if presentation.secret:
        keys["writeOnly"] = True
    return msgspec.Meta(
        title=label or None,
        description=help or None,
        extra_json_schema=keys or None,
        extra={"shown": presentation},
    )


def shown_of(annotation: Any) -> Shown | None:
    """Return the presentation in an annotation, None without one."""
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and "shown" in meta.extra:
            presentation: Shown = meta.extra["shown"]
            return presentation
    return None
