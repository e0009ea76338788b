"""Kernels of this machine that are no environment of ours."""

from nbyard.domain.callers import Caller
from nbyard.domain.environments.kernels import Kernel
from nbyard.domain.paging import Page
from nbyard.host import kernels
from nbyard.services.operation import operation
from nbyard.services.service_context import Parts


class KernelService:
    """Looked up whenever it is asked: others install and remove them."""

    noun = "kernels"

    def __init__(self, parts: Parts):
        self._parts = parts

    @operation("GET", "/kernels", scope="environments:read")
    def list(self, caller: Caller) -> Page[Kernel]:
        """List the kernels of this machine that are no environment: conda's, R's, those of venvs.

        Notebooks use them by their name, as in Jupyter.
        """
        return Page(kernels.foreign())
