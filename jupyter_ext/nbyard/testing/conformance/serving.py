"""The tests of a serving mode; subclass with your name in `nbyard.serving`."""

import subprocess
import sys

from packaging.requirements import Requirement

from nbyard.images.model_images import serving_of

# Prints the modules that a mode loads besides the standard library, with only its sources present.
LOADS = """
import importlib, sys
module, _, name = sys.argv[1].partition(":")
before = set(sys.modules)
getattr(importlib.import_module(module), name)()
own = {"nbyard", module.partition(".")[0]}
added = {one.partition(".")[0] for one in set(sys.modules) - before}
print(*sorted(added - own - set(sys.stdlib_module_names)))
"""
MAX_PORT = 65535


class ModeConformance:
    """The tests that every mode must pass; `name` is that of the entry point."""

    name: str

    def test_its_requirements_are_requirements(self) -> None:
        """Check that the requirements are valid for pip; a mode may have none."""
        for line in serving_of(self.name).mode.requirements:
            assert str(Requirement(line))

    def test_its_port_is_one_or_none(self) -> None:
        """Check that the port is valid; 0 means none."""
        assert 0 <= serving_of(self.name).mode.port <= MAX_PORT

    def test_it_loads_with_the_standard_library_only(self) -> None:
        """Check the imports: requirements are installed only where the mode serves."""
        argv = [sys.executable, "-c", LOADS, serving_of(self.name).reference]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert said.split() == []

    def test_it_serves(self) -> None:
        """Check that the mode has a function that serves a spec with command line arguments."""
        assert callable(serving_of(self.name).mode.serve)
