"""Why an engine, a Dask cluster, the dispatcher or a runtime refuses or fails."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

# the connection to a container engine
CONNECTIONS = {
    "engine-unreachable": code("Docker cannot be reached at {url}: {why}", url=str, why=REASON),
    "engine-refused": code("The Docker engine refused: {message}", message=str),
    "engine-wants-tls": code("the engine wants TLS"),
    "engine-url-invalid": code("a URL of an engine begins with {schemes:, }", schemes=list),
    "certificates-missing": code("there is no {files:, } in {folder}", files=list, folder=str),
    "connection-closed": code("The connection to {url} is closed.", url=str),
    "no-answer-in-time": code("no answer in time"),
    "no-ssh": code("there is no ssh here."),
    "engine-answers": code(
        "{engine} {version} at {url}, {way}", engine=str, version=str, url=str, way=REASON
    ),
    "over-ssh": code("over ssh"),
    "by-local-socket": code("by a local socket"),
    "by-tls": code("by TCP with TLS"),
    "by-tcp": code("by TCP without TLS"),
    "permission-denied": code("permission denied"),
    "network-of-other-kind": code(
        "The network {network} has another kind and is still in use.", network=str
    ),
    "no-address-range": code("The Docker engine has no free address range for another network."),
    "archive-incomplete": code(
        "The engine sent only a part of {path}: {message}", path=str, message=str
    ),
}

# images of an engine, and the registries that they come from
IMAGES = {
    "build-refused": code("The image could not be built: {message}", message=str),
    "image-known-by-id": code(
        "The image {image} is gone, and can be had by its id only: make it anew.", image=str
    ),
    "image-not-pulled": code(
        "The image {image} is not here and cannot be pulled: {why}", image=str, why=REASON
    ),
    "push-refused": code("{image} cannot be pushed: {why}", image=str, why=REASON),
    "image-removed-at-naming": code("The image {image} was removed while it was named.", image=str),
    "image-removed-meanwhile": code("The image {image} was removed meanwhile.", image=str),
    "image-not-fetched": code("The image {image} was fetched, and is not there.", image=str),
    "image-replaced": code(
        "{image} is another image by now, and the one that this revision was made of ({known}) is"
        " gone. Deploy it as a new one.",
        image=str,
        known=str,
    ),
    "image-without-program": code(
        "The image names no program: add ENTRYPOINT or CMD to its Dockerfile."
    ),
    "no-image-builder": code("No image can be made here; name one that has all it needs."),
    "environment-of-image-gone": code("The environment that it was to be built of is gone."),
    "requirement-in-folder": code(
        "{requirement}: an image cannot be built of what lies in a folder of this machine",
        requirement=str,
    ),
    "no-serving-mode": code("there is no mode {mode}; there are: {known:, }", mode=str, known=list),
    "no-serving-modes": code("there is no mode {mode}; there are: none", mode=str),
    "public-registry": code("the public registry"),
    "registry-unknown": code("{host} cannot be found from here", host=REASON),
    "registry-closed": code("{host} refuses connections", host=REASON),
    "registry-silent": code("{host} does not respond in time", host=REASON),
    "registry-without-tls": code(
        "{host} does not use TLS, and the settings of the engine do not allow this", host=REASON
    ),
    "registry-not-trusted": code(
        "the engine does not trust the certificate of {host}", host=REASON
    ),
    "registry-login-needed": code(
        "{host} wants a login that may do this ({command}, or a credential of the kind registry)",
        host=REASON,
        command=str,
    ),
    "registry-login-refused": code(
        "{host} does not take the login of the credential {credential} for this",
        host=REASON,
        credential=str,
    ),
    "registry-without-image": code("{host} has no such image", host=REASON),
    "engine-file-system-full": code("the disk is full"),
}

# attempts in containers
CONTAINERS = {
    "container-name-taken": code(
        "The container {container} could not be made: its name is taken.", container=str
    ),
    "container-ended": code("The container {container} has ended.", container=str),
    "container-gone-at-once": code("Its container was gone at once."),
    "container-gone": code("its container is gone"),
    "podman-keeps-none-warm": code(
        "Containers cannot be kept warm on Podman: let the run take fresh ones."
    ),
    "secrets-out-of-reach": code(
        "The Docker engine does not see the memory of this machine, and secrets are never written"
        " to a disk: let what uses a credential run as a process, on Dask, or with an engine here."
    ),
    "requirements-file-missing": code(
        "The requirements file {file} is not in the bundle.", file=str
    ),
    "requirements-file-outside": code(
        "The requirements file {file} is outside the bundle.", file=str
    ),
    "path-leads-out": code("{path} leads out of the attempt's folder", path=str),
    "gpus-not-given": code(
        "the engine did not give the GPUs that were granted: {why} (granted: {gpus:, })",
        why=REASON,
        gpus=list,
    ),
    # a sentence, because a hint about the toolkit follows
    "gpus-need-toolkit": code(
        "the engine did not give the GPUs that were granted: {why} (granted: {gpus:, }).",
        why=REASON,
        gpus=list,
    ),
    "gpus-not-listed": code("the image has neither nvidia-smi nor ls to look for them"),
    "gpus-not-supported": code("this engine has no support for GPUs ({message})", message=str),
    "no-cdi-device": code("Podman knows no such CDI device"),
    "no-gpu-seen": code("a container sees none"),
    "other-count-of-gpus": code(
        "a container sees {seen} GPUs instead of {granted}", seen=int, granted=int
    ),
    "other-gpus-seen": code("a container sees {gpus:, } instead", gpus=list),
}

# attempts as processes, and their folders
PROCESSES = {
    "file-unreadable": code("{file} cannot be read: {message}", file=str, message=str),
    "runner-not-started": code("The runner cannot be started: {message}", message=str),
    "runner-start-slow": code("The runner did not start within {seconds} s.", seconds=NUMBER),
    "runner-ended-at-start": code(
        "The runner was ended while it started ({exit_code}).", exit_code=int
    ),
}

DASK = {
    "dask-workers": code(
        "{workers} workers with {threads} threads at {address}",
        workers=int,
        threads=int,
        address=str,
    ),
    "dask-creates": code("{name} makes one when it is needed", name=str),
    "dask-gateway-creates": code(
        "dask-gateway {version} at {address} makes one when it is needed", version=str, address=str
    ),
    "dask-unset": code("No Dask cluster is set."),
    "dask-not-installed": code("The Dask runtime needs distributed, which is not installed."),
    "dask-unreachable": code(
        "The Dask cluster {cluster} cannot be reached: {message}", cluster=str, message=str
    ),
    "dask-silent": code("The Dask cluster does not respond: {message}", message=str),
    "dask-out-of-reach": code("The Dask cluster was out of reach."),
    "dask-connection-closed": code("The connection to the Dask cluster was closed."),
    "dask-differs": code(
        "The Dask cluster does not fit this installation: {differences:; }.", differences=REASONS
    ),
    "scheduler-differs": code(
        "the scheduler has {package} {theirs}, here is {own}", package=str, theirs=str, own=str
    ),
    "worker-differs": code(
        "the worker {worker} has {package} {theirs}, here is {own}",
        worker=str,
        package=str,
        theirs=str,
        own=str,
    ),
    "dask-not-imported": code("{package} cannot be imported: {message}", package=str, message=str),
    "dask-program-missing": code(
        "there is no {program} here, which {cluster} needs", program=str, cluster=str
    ),
    "dask-gateway-unusable": code("dask-gateway: {message}", message=str),
    "dask-gateway-failed": code("dask-gateway gives no cluster: {message}", message=str),
    "dask-not-made": code("{cluster} makes no cluster: {message}", cluster=str, message=str),
    "dask-workers-silent": code("The Dask workers {workers:, } do not answer.", workers=list),
    "dask-packages-unknown": code("no worker of {site} has reported its packages yet", site=str),
    "dask-packages-unreadable": code(
        "no worker of {site} has reported its packages yet: {message}", site=str, message=str
    ),
    "dask-without-workers": code("No Dask worker is registered."),
    "dask-without-gpus": code("no Dask worker declares a GPU"),
    "dask-worker-too-small": code(
        "no Dask worker has {wanted: with } (the most is {most:, })", wanted=list, most=list
    ),
}

# the dispatcher
DISPATCH = {
    "unexpected": code("unexpected: {error}: {message}", error=str, message=str),
    "report-not-stored": code("unexpected: it cannot be written down"),
    "no-such-runtime": code("There is no runtime {runtime}.", runtime=str),
    "no-runtime-here": code("there is no runtime {runtime} here", runtime=str),
    "changed-while-read": code("{file} changed while it was looked at", file=str),
    "credential-deleted": code("The credential {credential} was deleted.", credential=str),
    "credential-deleted-since": code(
        "The credential {credential} was deleted after the run was asked for.", credential=str
    ),
    "result-of-other-attempt": code("The result carries another attempt's token."),
    "code-gone": code("The code of {node} is no longer in the store.", node=str),
    "pinned-result-gone": code(
        "The result of run {run}, to which this is pinned, is gone.", run=int
    ),
    "environment-deleted": code("The environment {environment} was deleted.", environment=str),
    "environment-to-install": code("{environment} must be installed again", environment=str),
    "output-not-made": code("{node} did not create the output {output}.", node=str, output=str),
    "listing-too-long": code("its listing has more than {most} entries", most=str),
    "input-not-text": code("{cause}: its contents cannot be passed as text", cause=REASON),
    "dispatcher-silent": code("the dispatcher does not respond"),
    "probe-interrupted": code("the dispatcher ended before the model answered: try again"),
    "probe-image-gone": code(
        "the engine no longer has the image {image} in which the node ran: run the node again",
        image=str,
    ),
    "probe-too-slow": code(
        "loading and calling it once took more than {seconds} s", seconds=NUMBER
    ),
    "probe-broke-off": code("loading and calling it once failed: {why}", why=REASON),
    "probe-without-result": code("loading and calling it once returned no result"),
    "probe-left-folder": code("loading and calling it once left a folder in place of the result"),
}

ENGINES = {**CONNECTIONS, **IMAGES, **CONTAINERS, **PROCESSES, **DASK, **DISPATCH}
