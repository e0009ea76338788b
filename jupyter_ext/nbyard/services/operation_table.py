"""Lists all services and their operations."""

from functools import cache

from nbyard.services.operation import Operation, operations
from nbyard.services.registry import PLACES, service_class

SERVICES = tuple(map(service_class, PLACES))


# Reading the signatures of all methods takes time, and no method is added later.
@cache
def table() -> tuple[Operation, ...]:
    """Return all operations, in the order of the services."""
    return tuple(operations(SERVICES))
