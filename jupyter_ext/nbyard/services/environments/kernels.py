"""Service operations on kernels of the server's machine that belong to no environment."""

from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Kernel
from nbyard.domain.paging import Page
from nbyard.host import kernels
from nbyard.services.operation import operation
from nbyard.services.service_context import Service


class KernelService(Service):
    """Installed kernels, looked up at every request because other programs install them."""

    noun = "kernels"

    @operation("GET", "/kernels", scope="environments:read")
    def list(self, caller: Caller) -> Page[Kernel]:
        """List the server's kernels that belong to no environment.

        These are the kernels of conda, of R and of virtual environments. Notebooks use them by
        name, as in Jupyter.
        """
        return Page(kernels.list_foreign_kernels())
