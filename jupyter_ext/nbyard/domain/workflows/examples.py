"""The penguins example, a workflow that new users copy and run."""

import msgspec

# The packages that its nodes import.
PACKAGES = ("joblib", "pandas", "scikit-learn")
NAME = "penguins"


class NewExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A copy of the example to create in `folder`, by default the root or working directory.

    Its nodes run in `environment`, by default with the packages of their kernel.
    """

    folder: str = ""
    environment: str = ""


class Example(msgspec.Struct, frozen=True):
    """The created copy of the example. `path` is the path of its workflow."""

    path: str


class ExampleNeeds(msgspec.Struct, frozen=True):
    """The packages that the example needs, and those that its kernel lacks."""

    packages: list[str]
    missing: list[str]
