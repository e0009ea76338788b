"""Every noun has one service, which is imported at its first use."""

import subprocess
import sys

from nbyard.services.operation_table import SERVICES
from nbyard.services.registry import Services


def test_every_service_is_found_by_its_noun(yard):
    services = Services(yard.context)
    assert all(type(getattr(services, cls.noun)) is cls for cls in SERVICES)


def test_a_service_is_created_once(yard):
    assert yard.services.runs is yard.services.runs


def test_an_open_yard_has_imported_none_of_them():
    code = (
        "import sys, nbyard.yard\n"
        "print([name for name in sys.modules if name.startswith('nbyard.services')"
        " and name.endswith(('.service', '.artifacts', '.images', '.system'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
