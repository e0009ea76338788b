"""The rules of a store with several users: where their code runs, and in which images."""

import re

import msgspec

from nbyard.domain.digest import digest_of
from nbyard.domain.images.structs import fits_pattern, repository_of
from nbyard.domain.naming.runtime_names import DASK, DOCKER
from nbyard.errors import PolicyRefused
from nbyard.reasons.structs import because

# The runtimes that run nothing on the service's own machine outside containers.
ISOLATED = (DOCKER, DASK)
# Images that nbyard builds have such names. No pattern of names includes them.
BUILT_HERE = ("docker.io/nbyard/", "localhost/nbyard/")
# Docker accepts the beginning of an ID as the name of an image.
IMAGE_ID = re.compile(r"(sha256:)?[0-9a-f]{4,64}(:latest)?")


class Isolation(msgspec.Struct, frozen=True):
    """The rules of a store. A store with one user has none.

    `images` are patterns of allowed images. `allows_dockerfiles` is whether users may build
    Dockerfiles of their own. Only `dask_users` (users, groups and projects) may use the Dask
    cluster. A task that requests none gets `cpu` cores and `memory_bytes`.
    """

    is_shared: bool = False
    images: tuple[str, ...] = ()
    allows_dockerfiles: bool = False
    dask_users: tuple[str, ...] = ()
    cpu: float = 1.0
    memory_bytes: int = 2 * 10**9

    def check_runtime(self, runtime: str, node: str, *, may_use_dask: bool) -> None:
        """Check that the code of a node may run in this runtime.

        Raises:
            PolicyRefused: It would run in the service, or on a cluster for others.
        """
        if self.is_shared and runtime not in ISOLATED:
            why = because("runtime-off", node=node, runtime=runtime)
            raise PolicyRefused(why, hint=because("use-containers"))
        if self.is_shared and runtime == DASK and not may_use_dask:
            raise PolicyRefused(because("dask-off", node=node), hint=because("use-containers"))

    def check_code_here(self, work: str) -> None:
        """Check that `work`, which runs code, may run here.

        Raises:
            PolicyRefused: The store is shared.
        """
        if self.is_shared:
            raise PolicyRefused(because("code-off-here", work=work))

    def check_dockerfile(self, path: str) -> None:
        """Check that users may build a Dockerfile of their own.

        Raises:
            PolicyRefused: The administrator has not allowed it.
        """
        if self.is_shared and not self.allows_dockerfiles:
            hint = because("use-allowed-image")
            raise PolicyRefused(because("dockerfile-off", path=path), hint=hint)

    def is_listed(self, image: str) -> bool:
        """Return whether every user may use the image with this name."""
        if not self.is_shared:
            return True
        repository, name = repository_of(image), image.partition("@")[0]
        if IMAGE_ID.fullmatch(image) or repository.startswith(BUILT_HERE):
            return False
        tag = name.rpartition("/")[2].partition(":")[2]
        ends = {(f":{tag}" if tag else "") + image.removeprefix(name)}
        ends |= {"", ":latest"} if tag == "latest" or (image == name and not tag) else set()
        # The engine knows an image of Docker Hub by several names.
        short = repository.removeprefix("docker.io/")
        names = (repository, short, short.removeprefix("library/"))
        return any(fits_pattern(each + end, self.images) for each in names for end in ends)

    def engine_name(self, owner: str, reference: str) -> str:
        """Return what the engine calls an image that an owner builds under this name.

        On a shared store, no name of one owner ever means an image of another.
        """
        if not self.is_shared:
            return reference
        return f"nbyard/own-{self.owner_key(owner)}:{digest_of(reference).rpartition(':')[2][:32]}"

    @property
    def build_limits(self) -> dict[str, float]:
        """Return the limits of each step of a build, if it has any."""
        return {"cpu": self.cpu, "memory_bytes": self.memory_bytes} if self.is_shared else {}

    def owner_key(self, owner: str) -> str:
        """Return a text to keep apart what the owners of a shared store have; else ""."""
        return digest_of(owner).rpartition(":")[2][:16] if self.is_shared else ""


OPEN = Isolation()
