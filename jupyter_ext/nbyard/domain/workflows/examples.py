"""The penguins example that a user copies and runs first."""

import msgspec

# What its nodes import.
PACKAGES = ("joblib", "pandas", "scikit-learn")
NAME = "penguins"


class NewExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folder in which the example is created, by default the root or working directory.

    Its nodes run in `environment`, by default with the packages of their kernel.
    """

    folder: str = ""
    environment: str = ""


class Example(msgspec.Struct, frozen=True):
    """The path of a copy's workflow."""

    path: str


class ExampleNeeds(msgspec.Struct, frozen=True):
    """The packages that the example needs, and those that its kernel lacks."""

    packages: list[str]
    missing: list[str]
