"""Why a request about data, credentials, environments, images or deployments is refused."""

from nbyard.reasons.codes.code import NUMBER, REASON, code

# why a clean-up keeps a run that its rules choose
PROTECTIONS = {
    "run-is-bisected": code("a running bisection compares it"),
    "kept-by-user": code("you marked it to be kept"),
    "newest-success": code("it is the newest successful run, which only a size of 0 deletes"),
    "has-name": code("it is the artifact '{name}'", name=str),
    "run-has-name": code("it has the name '{name}'", name=str),
    "model-deployed": code("the deployment '{name}' serves its model", name=str),
    "result-pinned": code("{workflow} uses its result of '{node}'", workflow=str, node=str),
}

# the names that exist, the most similar ones first
PRESENT = {
    "there-are": code("there are: {names:, }", names=list),
    "there-are-more": code("there are: {names:, } and {more} more", names=list, more=NUMBER),
    "there-is-none": code("none exist yet"),
}

NAMES = {
    "no-artifact": code("There is no artifact '{name}'.", name=str),
    "no-credential": code("There is no credential '{name}'; {present}.", name=str, present=REASON),
    "no-dataset": code("There is no dataset '{name}'.", name=str),
    "no-dataset-among": code("There is no dataset '{name}'; {present}.", name=str, present=REASON),
    "no-deployment": code("There is no deployment '{name}'; {present}.", name=str, present=REASON),
    "no-environment": code(
        "There is no environment '{name}'; {present}.", name=str, present=REASON
    ),
    "no-executable": code("There is no executable '{name}'.", name=str),
    "no-image": code("nbyard has no image '{name}'.", name=str),
    "no-model": code("There is no model '{name}'; {present}.", name=str, present=REASON),
    "no-run": code("There is no run '{name}'.", name=str),
    "artifact-exists": code("The artifact '{name}' already exists.", name=str),
    "credential-exists": code("The credential '{name}' already exists.", name=str),
    "dataset-exists": code("The dataset '{name}' already exists.", name=str),
    "environment-exists": code("The environment '{name}' already exists.", name=str),
    "executable-exists": code("The executable '{name}' already exists.", name=str),
    "run-exists": code("The run '{name}' already exists.", name=str),
    "name-is-output": code(
        "'{name}' is the output '{output}' of the artifact '{artifact}'.",
        name=str,
        output=str,
        artifact=str,
    ),
    "name-of-output-taken": code(
        "The artifact {artifact} already exists: the output '{output}' would have the same name.",
        artifact=str,
        output=str,
    ),
    "run-name-is-id": code("may not be a number or an ID: these identify other runs"),
    "credential-name-is-id": code("may not be an ID: IDs identify other credentials"),
    "used-by": code("'{name}' is used by {users:, }.", name=str, users=list),
    "no-clean-up-rule": code(
        "Set an age, a number of runs to keep, a state or a size. Otherwise even the newest"
        " successful runs would be deleted."
    ),
    "used-by-run": code("'{name}' is used by a run that has not finished.", name=str),
}

REQUESTS = {
    "idempotency-key-used": code("This Idempotency-Key was already used with a different body."),
    "must-be-one-of": code("must be one of {names:, }", names=list),
    # a refused field whose reason continues a sentence
    "field-is": code("{path} {reason}", path=str, reason=REASON),
    "description-too-long": code("may have at most {most} characters", most=str),
    "no-file": code("There is no file {path}.", path=str),
    "no-folder": code("There is no folder {path}.", path=str),
    "folder-forbidden": code("The folder {path} is not writable.", path=str),
    "no-example": code("This installation does not contain the example."),
    "no-such-folder": code("there is no folder '{path}'", path=str),
    "file-not-ordinary": code("{path} is not a regular file", path=str),
    "forecast-under-way": code("Another forecast is under way; try again in a moment."),
    "bundle-of-live-run": code(
        "Run {number} has not finished, so it has no bundle yet.", number=int
    ),
    "bundle-bytes-gone": code("{path} of the bundle was deleted.", path=str),
    "unknown-cause": code("the cause is not recorded"),
    "folder-not-compared": code("One of the versions is a folder."),
}

DATA = {
    "no-s3-credential": code(
        "there is no credential '{name}' of the kind s3; {present}", name=str, present=REASON
    ),
    "newest-version-importing": code(
        "The newest version of '{name}' is still importing.", name=str
    ),
    "dataset-importing": code("'{name}' is still importing.", name=str),
    "no-ready-version": code(
        "The requested version of '{name}' does not exist or is not ready.", name=str
    ),
    "no-ready-version-because": code(
        "The requested version of '{name}' does not exist or is not ready. {cause}",
        name=str,
        cause=REASON,
    ),
    "no-version-before": code(
        "There is no version before {number} to compare it with.", number=int
    ),
    "artifact-has-several": code(
        "{artifact} has several files: {files:, }", artifact=str, files=list
    ),
    "artifact-has-none": code(
        "{artifact} has no file: its run {run} is {state}.", artifact=str, run=int, state=str
    ),
}

ENVIRONMENTS = {
    "unknown-environment": code(
        "there is no environment '{name}'; {present}", name=str, present=REASON
    ),
    "environment-or-other": code(
        "Create it with nbyard environments create, define it in nbyard.toml, or set another one"
        ' (environment = "" for none).'
    ),
    "no-version": code("There is no version {number}.", number=int),
    "environment-without-version": code(
        "the environment '{name}' has no version {version}; installed are: {installed:, }",
        name=str,
        version=int,
        installed=list,
    ),
    "environment-never-installed": code(
        "the environment '{name}' has no version {version}; none is installed",
        name=str,
        version=int,
    ),
    "version-being-built": code(
        "Version {version} of '{name}' is being built.", version=int, name=str
    ),
    "version-not-installing": code(
        "Version {version} of '{name}' is {state}; nothing is being installed.",
        version=int,
        name=str,
        state=str,
    ),
    "version-never-installed": code("version {version} was never installed", version=int),
    "version-not-yet-installed": code(
        "version {version} of '{name}' is not installed yet: it is {state}",
        version=int,
        name=str,
        state=str,
    ),
    "version-not-installed": code(
        "version {version} of '{name}' was not installed: {cause}",
        version=int,
        name=str,
        cause=REASON,
    ),
    "rollback-with-changes": code("a rollback uses the old lock unchanged: omit all other changes"),
    "kernel-packages-unknown": code(
        "the packages of the kernel {kernel} are not known", kernel=str
    ),
    "kernel-or-environment": code("set a kernel or an environment, not both"),
    "packages-of-python": code(
        "the environment contains Python packages, but the language of the notebook is {language}",
        language=str,
    ),
}

IMAGES = {
    "environment-or-path": code("set either an environment or a path"),
    "recipe-of-dockerfile": code(
        "applies to environments only; a Dockerfile contains everything except its base"
    ),
    "dockerfile-without-base": code(
        "the Dockerfile accepts no base: add ARG BASE before its first FROM"
    ),
    "no-dockerfile": code("There is no Dockerfile {path}.", path=str),
    "version-without-image": code(
        "Version {version} of '{name}' is not installed, so no image can be built from it.",
        version=int,
        name=str,
    ),
    "environment-without-image": code(
        "The environment '{name}' is not installed, so no image can be built from it.", name=str
    ),
    "tag-is-digest": code("an image is built under a tag, not under a digest"),
    "image-not-pushed": code(
        "{image} is {state}. Only a ready image can be pushed.", image=str, state=str
    ),
    "image-not-run": code(
        "{image} is {state}. Only a ready image can be run.", image=str, state=str
    ),
    "image-being-made": code("{image} is already being built, pulled or pushed.", image=str),
    "image-built-already": code("The image {image} already exists.", image=str),
    "image-of-another-owner": code("The image {image} belongs to another user.", image=str),
    "image-of-no-model": code(
        "{image} is already the name of an image that does not belong to a model.", image=str
    ),
    "image-of-other-model": code(
        "{image} is the image of the model '{model}'.", image=str, model=str
    ),
    "name-of-built-image": code(
        "{image} is the name of another image that was built here.", image=str
    ),
    "name-of-pulled-image": code(
        "{image} is the name of another image that was pulled here.", image=str
    ),
    "name-of-pushed-image": code(
        "{image} is the name of another image that was pushed from here.", image=str
    ),
}

DEPLOYMENTS = {
    "host-name-taken": code("Another deployment already uses the host name '{name}'.", name=str),
    "new-revision": code(
        "{name} was changed in the meantime: it now has revision {revision}.",
        name=str,
        revision=int,
    ),
    "deployment-changed": code("{name} was changed in the meantime.", name=str),
    "no-revision": code("{name} has no revision {number}.", name=str, number=int),
    "no-revision-before": code(
        "{name} has no earlier revision {number}: the current one is {newest}.",
        name=str,
        number=int,
        newest=int,
    ),
    "no-port": code(
        "{deployment} has no port '{port}'; {present}.", deployment=str, port=str, present=REASON
    ),
    "model-runs-once": code(
        "the model '{name}' cannot be deployed: in mode {mode}, it runs once", name=str, mode=str
    ),
    "model-not-built": code("{image} was not built: {cause}", image=str, cause=REASON),
    # what may be a mistake
    "tag-for-gpus": code("The tag '{tag}' is for GPUs, but no GPU is requested.", tag=str),
    "tag-for-cpu": code("The tag '{tag}' is for the CPU, but a GPU is requested.", tag=str),
    "ide-in-sandbox": code(
        "{image} is not listed in the setting ide_images. Browsers show its pages in"
        " a sandbox, where the IDE does not work.",
        image=str,
    ),
}

# what `nbyard doctor` finds
CHECKS = {
    "python-on": code("Python {version} on {system}", version=str, system=str),
    "store-in": code("{database} {version} in {folder}", database=str, version=str, folder=str),
    "disk-free": code("{free} GiB free", free=NUMBER),
    "disk-nearly-full": code(
        "{free} MiB free; {kept} MiB are always kept free", free=NUMBER, kept=NUMBER
    ),
    "bytes-stored": code("{size:,} MiB in {files:,} files", size=NUMBER, files=int),
    "kernels-found": code("{names:, }", names=list),
    "no-kernels": code("none installed"),
    "dispatcher-idle": code("not running; it starts when there is work"),
    "dispatcher-needed": code("not running, but there is work, such as an enabled schedule"),
    "start-dispatcher": code(
        "An open JupyterLab or any nbyard command, also this one, starts the dispatcher within"
        " seconds. nbyard service install starts it without them."
    ),
    "dispatcher-runs": code("running: process {pid} on {host}", pid=int, host=str),
    "dispatcher-runs-otherwise": code(
        "running: process {pid} on {host}, with different settings: {settings:, }",
        pid=int,
        host=str,
        settings=list,
    ),
    "cores-found": code("{cores} (one for each core)", cores=NUMBER),
    "cores-set": code("{cores} (as set)", cores=NUMBER),
    "memory-found": code("{memory} GiB of memory", memory=NUMBER),
    "memory-set": code("{memory} GiB of memory (as set)", memory=NUMBER),
    "gpus-found": code("GPUs {gpus:, } ({source})", gpus=list, source=REASON),
    "gpus-shared": code(
        "GPUs {gpus:, } ({source}), each for {tasks} tasks at once",
        gpus=list,
        source=REASON,
        tasks=int,
    ),
    "no-gpus-found": code("no GPUs ({source})", source=REASON),
    "gpus-as-set": code("as set"),
    "gpus-of-driver": code("reported by nvidia-smi"),
    "gpus-of-job": code("reported by nvidia-smi, limited to {variable} of this job", variable=str),
    "no-gpu-driver": code("nvidia-smi is not installed"),
    "extension-in": code("extension in {folder}", folder=str),
    "no-extension": code("the extension is not installed"),
}

SERVICES = {
    **PROTECTIONS,
    **PRESENT,
    **NAMES,
    **REQUESTS,
    **DATA,
    **ENVIRONMENTS,
    **IMAGES,
    **DEPLOYMENTS,
    **CHECKS,
}
