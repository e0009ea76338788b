"""Cache keys: everything that a task's result depends on, computed before it runs."""

import math
import time
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.cache.files_outside_code import OutsideFiles
from nbyard.dispatch.command_workdir import takes_data_frame
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.environments.controller import version_in_place
from nbyard.domain.arguments.bindings import Bound
from nbyard.domain.attempts.missing_modules import DISTRIBUTIONS
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.attempts.undeclared_files import input_paths
from nbyard.domain.cache_policy import IDENTITY
from nbyard.domain.caching.file_probes import Probes, probes_of, text_probes
from nbyard.domain.caching.relevant_changes import Files, changes_that_count
from nbyard.domain.commands.command_line import FILE
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.digest import KeyParts, canonical_text, digest_of
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import EnvironmentRef, Lock
from nbyard.domain.executables.structs import ExecutableVersion, is_python
from nbyard.domain.file_formats import is_data
from nbyard.domain.ids import new_id
from nbyard.domain.images.dockerfile_parser import base_images
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.planning import CONTAINER
from nbyard.domain.runs.structs import BytesOf, SecretOf, TaskPlan, ValueOf
from nbyard.errors import NotFound
from nbyard.host import kernels
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import KnowsImages, KnowsPackages, KnowsPaths
from nbyard.store import Connection
from nbyard.transfer import bundles

FRESH_SECONDS = 5.0
REMEMBERED = 10_000
MOST_CODE_BYTES = 1 << 20
REMEMBERED_TEXTS = 500
Names = Collection[str]
EXECUTABLE = " executable"  # suffix of the digest of an executable file


class Code(msgspec.Struct, frozen=True):
    """A version of an executable with the parts that count in keys; it never changes."""

    version: ExecutableVersion
    files: dict[str, str]  # digests of the other paths of its bundle
    declaration: str  # digest of its arguments and its command

    @property
    def folders(self) -> list[str]:
        """Return the folders in the bundle."""
        paths = (*self.files, self.version.file)
        return sorted(
            {str(folder) for path in paths for folder in PurePosixPath(path).parents} - {"."}
        )


class Seen(msgspec.Struct, frozen=True):
    """An environment with the times of request and response, by the monotonic clock.

    Freshness counts from the response, because a response may take long.
    """

    asked: float
    answered: float
    environment: EnvironmentRef


class Identities:
    """Looks up the code and environments of tasks, and caches them in memory.

    Lookups are slow, so threads do them. Cached code has at most `most_files` files. A cached
    environment is used for 5 s.
    """

    def __init__(self, context: DispatchContext, most_files: float = math.inf):
        self._context = context
        self.outside = OutsideFiles(context)
        self.surroundings: dict[tuple[str, ...], bytes] = {}
        self.codes: dict[str, Code] = {}
        self._most_files = most_files
        self._kept_files = 0
        self.seen_environments: dict[tuple[str, ...], Seen] = {}
        self._probes: dict[tuple[str, ...], Probes] = {}

    def known(self, plan: TaskPlan, since: float) -> tuple[Code, EnvironmentRef] | None:
        """Return cached code and environment; None if missing, stale or older than `since`."""
        code = self.codes.get(plan.code_identity)
        environment = self.known_environment(plan, code.version, since) if code else None
        return (code, environment) if code and environment else None

    def known_environment(
        self, plan: TaskPlan, version: ExecutableVersion, since: float = 0.0
    ) -> EnvironmentRef | None:
        """Return the cached environment; None if missing, stale or older than `since`."""
        seen = self.seen_environments.get(environment_identity(plan, version))
        if seen is None or seen.asked < since or seen.answered < time.monotonic() - FRESH_SECONDS:
            return None
        return seen.environment

    def look_up(self, plan: TaskPlan, since: float = 0.0) -> tuple[Code, EnvironmentRef]:
        """Return code and environment, looked up if necessary; call it in threads.

        Raises:
            NotFound: The code was deleted, or the environment does not exist.
            Unavailable: The packages at the place of execution are not known yet.
        """
        code = self.code(plan)
        return code, self.environment(plan, code.version, since)

    def environment(
        self, plan: TaskPlan, version: ExecutableVersion, since: float = 0.0
    ) -> EnvironmentRef:
        """Return the environment, looked up if necessary; call it in threads.

        Raises:
            NotFound: The environment does not exist.
            Unavailable: The packages at the place of execution are not known yet.
        """
        if known := self.known_environment(plan, version, since):
            return known
        # The time of the request counts: packages may change while the answer is on its way.
        asked = time.monotonic()
        environment = environment_of(self._context, plan, version)
        if len(self.seen_environments) >= REMEMBERED:
            self.seen_environments.clear()
        seen = Seen(asked, time.monotonic(), environment)
        self.seen_environments[environment_identity(plan, version)] = seen
        return environment

    def outside_paths(self, plan: TaskPlan) -> list[str]:
        """Return the absolute paths that the code names, if it runs outside containers."""
        runtime = self._context.runtimes.get(plan.runtime)
        if plan.runtime != PROCESS and not isinstance(runtime, KnowsPaths):
            return []
        code, _ = self.look_up(plan)
        return self.outside.named_paths(code.version, code.files, values_of(plan))

    def files_against_reuse(
        self, code: Code, last: Files, new: KeyParts, observed: Observed | None, modules: Names
    ) -> Iterator[str]:
        """Yield the changed code files that prevent reuse of a result.

        `last` holds the code files of that result, and `observed` what its task read. `modules`
        names the installed packages.
        """
        known = {name.lower() for name in modules}
        others = [module for module, package in DISTRIBUTIONS.items() if package.lower() in known]
        given = input_paths(
            code.version.file, code.version.arguments, new.inputs
        )  # replaces files of the bundle
        old, now = (
            {n: d for n, d in files.items() if n not in given} for files in (last, new.files)
        )
        probes = partial(self.probes, code, new.values, observed or Observed())
        return changes_that_count(old, now, observed, probes, [*known, *others])

    def probes(self, code: Code, values: Mapping[str, Any], observed: Observed) -> list[Probes]:
        """Return the names that code and files it read may look for.

        The code may compute them from the task's `values`.
        """
        own, digest = split_function_path(code.version.file).file, code.version.content_digest
        version = code.version
        given: dict[str, Any] = {}
        if version.kind != "command":  # a command has no variables that nbyard sets
            # without paths of inputs and outputs, which differ in each attempt
            given = dict.fromkeys((argument.name for argument in version.arguments), "") | dict(
                values
            )
        probes = [self._probes_of(own, digest, version, given)]
        of = {name: code.files[name] for name in observed.read if name in code.files}
        read = {name: digest.removesuffix(EXECUTABLE) for name, digest in of.items()}
        probes += [self._probes_of(name, digest) for name, digest in read.items()]
        # everything on the command line that is no path outside the code
        fixed = [word for word in version.command[1:] if word != FILE]
        defaults = [argument.default for argument in version.arguments if argument.role == "input"]
        known = [default for default in defaults if default is not msgspec.UNSET]
        return [*probes, text_probes(canonical_text([dict(values), fixed, known]))]

    def _probes_of(
        self,
        name: str,
        digest: str,
        version: ExecutableVersion | None = None,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> Probes:
        """Return the names that a file may look for.

        With `version`, the file is the code of the task; else the task read it.
        """
        if version is None and is_data(name):
            return Probes()
        # parameter references compute words, which are unknown here
        knows_words = (
            version is not None
            and version.invocation == Invocation()
            and not any(isinstance(argument.reach, Bound) for argument in version.arguments)
        )
        same = (name, digest, canonical_text([given, knows_words]) if version else "")
        known = self._probes.get(same)
        if known is None:
            with self._context.blobs.open(digest) as handle:
                content = handle.read(MOST_CODE_BYTES)
            how = {
                "is_own": version is not None,
                "is_python": version is None or is_python(version.language),
                "knows_words": knows_words,
            }
            known = probes_of(name, content, given, **how)
            if len(self._probes) >= REMEMBERED_TEXTS:
                self._probes.clear()
            self._probes[same] = known
        return known

    def code(self, plan: TaskPlan) -> Code:
        """Return the stored code of a task.

        Raises:
            NotFound: The code was deleted.
        """
        known = self.codes.get(plan.code_identity)
        if known is None:
            with self._context.store.read() as c:
                version = version_of(self._context, c, plan)
            known = code_of(self._context.blobs, version)
            files = self._kept_files + len(known.files)
            if len(self.codes) >= REMEMBERED or files > self._most_files:
                self.codes.clear()
                self.surroundings.clear()
                self._kept_files = 0
            self.codes[plan.code_identity] = known
            self._kept_files += len(known.files)
        return known


def code_of(blobs: Blobs, version: ExecutableVersion) -> Code:
    """Return a version, stored or not, with the parts of it that count in cache keys."""
    own, function = split_function_path(version.file)
    files = {
        entry.path: f"{entry.digest}{EXECUTABLE if entry.executable else ''}"
        for entry in blobs.tree(version.bundle_digest).files
        if entry.path != own
    }
    shape = [(a.name, a.role, a.type, a.format, a.reach, a.output_class) for a in version.arguments]
    started = (version.command, version.kernel, function, version.invocation)
    return Code(version, files, digest_of(msgspec.to_builtins((shape, started))))


def environment_identity(plan: TaskPlan, version: ExecutableVersion) -> tuple[str, ...]:
    """Return everything that determines the environment of a task."""
    program = version.command[0] if version.command else split_function_path(version.file).file
    here = (version.kind, version.kernel, version.language, program)
    used = plan.environment.version_id if plan.environment else ""
    return (plan.runtime, plan.image, plan.requirements_digest, plan.kernel, used, *here)


def version_of(context: DispatchContext, c: Connection, plan: TaskPlan) -> ExecutableVersion:
    """Return the frozen code of a task.

    Raises:
        NotFound: The code was deleted.
    """
    version = context.store.executables.version(c, plan.executable_version_id)
    if version is None:
        raise NotFound(because("code-gone", node=plan.label))
    if plan.mixed_bundle:
        return msgspec.structs.replace(version, bundle_digest=plan.mixed_bundle)
    return version


def environment_of(
    context: DispatchContext, plan: TaskPlan, version: ExecutableVersion
) -> EnvironmentRef:
    """Return where the task would run: a local interpreter or kernel, an image or a worker.

    Raises:
        Unavailable: The packages there are not known yet.
    """
    runtime = context.runtimes.get(plan.runtime)
    images = runtime if isinstance(runtime, KnowsImages) else None
    # The image of a container is its whole environment. Without a named image, that is the base
    # images of its Dockerfile, whose other files are part of the code.
    if version.kind == CONTAINER:
        with context.blobs.open(version.content_digest) as handle:
            begun = base_images(handle.read().decode("utf-8", "replace"), {})
        names = [plan.image] if plan.image else begun
        # An image that is not here yet gets a new ID and matches nothing.
        ids = ((images.image_id(name) if images else "") or new_id() for name in names)
        return EnvironmentRef(fingerprint=f"{plan.runtime} {' '.join(ids)}")
    if plan.runtime == PROCESS and plan.environment:
        return _environment_ref(context, plan.environment, version)
    if plan.runtime != PROCESS:
        lock: Lock | None = None
        if isinstance(runtime, KnowsPackages):
            locks = runtime.locks()
            lock = locks[0] if len(locks) == 1 else None
            installed = " ".join(
                digest_of(msgspec.to_builtins(installed_lock)) for installed_lock in locks
            )
        else:
            image = plan.image or context.settings.docker_base_image
            # Tags can move, so use the image ID.
            identity = (images.image_id(image) or new_id()) if images else ""
            installed = f"{image} {identity} {plan.requirements_digest}"
        return EnvironmentRef(
            kernel="python3" if plan.environment else version.kernel or "python3",
            language=version.language,
            interpreter="python3",
            fingerprint=f"{plan.runtime} {installed}",
            lock=lock,
        )
    if version.kind == "notebook":
        other = "" if plan.kernel else version.language  # a chosen kernel has no substitute
        return kernels.find_kernel(plan.kernel or version.kernel, other)
    if version.language == "python":
        return kernels.python_interpreter()
    return kernels.identify_program(version.command[0] if version.command else version.file)


def _environment_ref(
    context: DispatchContext, used: UsedEnvironment, version: ExecutableVersion
) -> EnvironmentRef:
    """Return an environment; for code in other languages, its fingerprint covers their program."""
    there = version_in_place(context, used)
    place = Path(there.place)
    kernel = place / kernels.OWN
    if not context.is_dry:
        kernels.own_kernel(place, used.shown, used.id)
    now = bundles.with_trees(there.packages, context.blobs, context.settings.max_bundle_bytes)
    trees = {package.name: package.tree for package in now if package.folder}
    environment = kernels.of_environment(there, str(kernel), kernels.ALONE, trees)
    if is_python(version.language):
        return environment
    program = kernels.identify_program(version.command[0] if version.command else version.file)
    text = digest_of([environment.fingerprint, program.fingerprint])
    return msgspec.structs.replace(environment, fingerprint=text)


def values_of(plan: TaskPlan) -> dict[str, Any]:
    """Return the values of a task that count in its key."""
    return {
        name: binding.value
        for name, binding in plan.bindings.items()
        if isinstance(binding, ValueOf) and name not in IDENTITY
    }


def key_parts(
    plan: TaskPlan,
    code: Code,
    inputs: Mapping[str, BytesOf],
    environment: EnvironmentRef,
    untyped: Collection[str] = (),
) -> KeyParts:
    """Return everything that the result of a task depends on, from which its key is computed.

    `untyped` are digests of tables whose column types could not be inferred in time. Code that
    takes such a table as a data frame gets it without types, so it counts without them.
    """
    input_keys = {
        name: input_bytes.digest
        if input_bytes.digest in untyped and takes_data_frame(code.version, name)
        else input_bytes.cache_key
        for name, input_bytes in inputs.items()
    }
    if plan.sample:
        input_keys = {name: f"{digest} {plan.sample.mark}" for name, digest in input_keys.items()}
    values = values_of(plan)
    for name, binding in plan.bindings.items():
        if isinstance(binding, SecretOf):
            values[name] = {"credential": binding.credential_id, "version": binding.version}
    return KeyParts(
        code=code.version.code_digest,
        values=values,
        inputs=input_keys,
        files=code.files,
        environment=environment.fingerprint,
        declaration=code.declaration,
    )
