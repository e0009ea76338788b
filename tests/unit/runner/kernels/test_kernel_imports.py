"""Whether the inside of other packages is the known one."""

import pytest

from nbyard.runner.kernels import kernel_imports


class Base:
    def __init__(self) -> None:
        self.made_here = 1


class Known(Base):
    here = 1

    @property
    def computed(self) -> int:
        return self.made_here


def test_a_class_has_what_it_defines_inherits_or_sets() -> None:
    assert kernel_imports.uses(Known, ("here", "computed", "made_here", "__init__"))
    assert not kernel_imports.uses(Known, ("here", "gone"))


def test_the_installed_packages_are_known() -> None:
    kernel_imports.check_known_insides()


def test_missing_names_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"json.JSONDecoder": ("decode", "_gone"), "json.Gone": ("one",)}
    monkeypatch.setattr(kernel_imports, "OF_FORKED_KERNELS", wanted)
    with pytest.raises(RuntimeError, match=r"without json\.JSONDecoder\._gone, json\.Gone$"):
        kernel_imports.check_known_insides()
