"""Each module of the deciding layers has a test file of its own.

Slow tests, such as installations, are integration tests."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jupyter_ext/nbyard"
SUITES = ("unit", "integration")
LAYERS = ("dispatch", "domain", "freezing", "rest", "services", "store")


@pytest.mark.parametrize("layer", LAYERS)
def test_each_module_has_its_test_file(layer):
    missing = {
        str(module.relative_to(PACKAGE))
        for module in (PACKAGE / layer).rglob("*.py")
        if module.name != "__init__.py"
        and "migrations" not in module.parts
        and not any(
            (ROOT / "tests" / suite / module.relative_to(PACKAGE))
            .with_name(f"test_{module.name}")
            .exists()
            for suite in SUITES
        )
    }
    assert missing == set()
