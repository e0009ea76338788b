"""What container engines, images, Dask and the dispatcher report."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

ENGINES = {
    # the connection to a container engine
    "engine-unreachable": code("Docker cannot be reached at {url}: {why}", url=str, why=REASON),
    "engine-refused": code("The Docker engine refused: {message}", message=str),
    "engine-wants-tls": code("the engine requires TLS"),
    "engine-url-invalid": code(
        "the URL of an engine must begin with one of {schemes:, }", schemes=list
    ),
    "certificates-missing": code("there is no {files:, } in {folder}", files=list, folder=str),
    "connection-closed": code("The connection to {url} is closed.", url=str),
    "no-answer-in-time": code("no response in time"),
    "over-ssh": code("over ssh"),
    "by-local-socket": code("over a local socket"),
    "by-tls": code("over TCP with TLS"),
    "by-tcp": code("over TCP without TLS"),
    "permission-denied": code("permission denied"),
    "network-of-other-kind": code(
        "The network {network} has the wrong type and is still in use.", network=str
    ),
    "no-address-range": code("The Docker engine has no free address range for another network."),
    "archive-incomplete": code(
        "The engine sent only a part of {path}: {message}", path=str, message=str
    ),
    # images of an engine, and the registries that they come from
    "build-refused": code("The image could not be built: {message}", message=str),
    "image-known-by-id": code(
        "The image {image} was deleted and is known only by its ID. Build it again.", image=str
    ),
    "image-not-pulled": code(
        "The image {image} is not present and cannot be pulled: {why}", image=str, why=REASON
    ),
    "push-refused": code("{image} cannot be pushed: {why}", image=str, why=REASON),
    "image-removed-at-naming": code(
        "The image {image} was deleted while it was being tagged.", image=str
    ),
    "image-removed-meanwhile": code("The image {image} was deleted in the meantime.", image=str),
    "image-not-fetched": code(
        "The image {image} was pulled, but the engine does not have it.", image=str
    ),
    "image-without-program": code(
        "The image specifies no program: add ENTRYPOINT or CMD to its Dockerfile."
    ),
    "no-image-builder": code(
        "This runtime cannot build images. Choose an image that contains everything the node needs."
    ),
    "environment-of-image-gone": code("The environment of this image was deleted."),
    "requirement-in-folder": code(
        "{requirement}: an image cannot be built with a package from a folder of this machine",
        requirement=str,
    ),
    "no-serving-mode": code("there is no mode {mode}; there are: {known:, }", mode=str, known=list),
    "no-serving-modes": code("there is no mode {mode}: no modes are installed", mode=str),
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
        "{host} requires a login with permission for this ({command}, or a credential"
        " of the kind registry)",
        host=REASON,
        command=str,
    ),
    "registry-login-refused": code(
        "{host} does not accept the login of the credential {credential} for this",
        host=REASON,
        credential=str,
    ),
    "registry-without-image": code("{host} does not have this image", host=REASON),
    "engine-file-system-full": code("the disk is full"),
    # attempts in containers
    "container-name-taken": code(
        "The container {container} could not be created: its name is already in use.", container=str
    ),
    "container-ended": code("The container {container} has exited.", container=str),
    "container-gone-at-once": code("The container disappeared right after its start."),
    "container-gone": code("its container is gone"),
    "podman-keeps-none-warm": code(
        "Containers cannot be kept warm on Podman: use fresh containers for the run."
    ),
    "secrets-out-of-reach": code(
        "The Docker engine cannot access the memory of this machine, and secrets are"
        " never written to a disk. Run nodes with credentials as a process, on Dask,"
        " or with a local engine."
    ),
    "requirements-file-missing": code(
        "The requirements file {file} is not in the bundle.", file=str
    ),
    "requirements-file-outside": code(
        "The requirements file {file} is outside the bundle.", file=str
    ),
    "path-leads-out": code("{path} leads out of the attempt's folder", path=str),
    "gpus-not-given": code(
        "the engine did not provide the granted GPUs: {why} (granted: {gpus:, })",
        why=REASON,
        gpus=list,
    ),
    # a sentence, because a hint about the toolkit follows
    "gpus-need-toolkit": code(
        "the engine did not provide the granted GPUs: {why} (granted: {gpus:, }).",
        why=REASON,
        gpus=list,
    ),
    "gpus-not-listed": code("the image has neither nvidia-smi nor ls to list the GPUs"),
    "gpus-not-supported": code("this engine has no support for GPUs ({message})", message=str),
    "no-cdi-device": code("Podman cannot find the CDI device"),
    "no-gpu-seen": code("a container sees no GPU"),
    "other-count-of-gpus": code(
        "a container sees {seen} GPUs instead of {granted}", seen=int, granted=int
    ),
    "other-gpus-seen": code("a container sees {gpus:, } instead", gpus=list),
    # attempts as processes, and their folders
    "file-unreadable": code("{file} cannot be read: {message}", file=str, message=str),
    "runner-not-started": code("The runner cannot be started: {message}", message=str),
    "runner-start-slow": code("The runner did not start within {seconds} s.", seconds=NUMBER),
    "runner-ended-at-start": code(
        "The runner exited during its start (exit code {exit_code}).", exit_code=int
    ),
    # dask
    "dask-workers": code(
        "{workers} workers with {threads} threads at {address}",
        workers=int,
        threads=int,
        address=str,
    ),
    "dask-creates": code("{name} creates a cluster when it is needed", name=str),
    "dask-gateway-creates": code(
        "dask-gateway {version} at {address} creates a cluster when it is needed",
        version=str,
        address=str,
    ),
    "dask-unset": code("No Dask cluster is set."),
    "dask-not-installed": code("The Dask runtime needs distributed, which is not installed."),
    "dask-unreachable": code(
        "The Dask cluster {cluster} cannot be reached: {message}", cluster=str, message=str
    ),
    "dask-silent": code("The Dask cluster does not respond: {message}", message=str),
    "dask-out-of-reach": code("The Dask cluster could not be reached."),
    "dask-connection-closed": code("The connection to the Dask cluster was closed."),
    "dask-differs": code(
        "The Dask cluster does not fit this installation: {differences:; }.", differences=REASONS
    ),
    "scheduler-differs": code(
        "the scheduler has {package} {theirs}, this installation has {own}",
        package=str,
        theirs=str,
        own=str,
    ),
    "worker-differs": code(
        "the worker {worker} has {package} {theirs}, this installation has {own}",
        worker=str,
        package=str,
        theirs=str,
        own=str,
    ),
    "dask-not-imported": code("{package} cannot be imported: {message}", package=str, message=str),
    "dask-program-missing": code(
        "{program}, which {cluster} needs, is not installed here", program=str, cluster=str
    ),
    "dask-gateway-unusable": code("dask-gateway: {message}", message=str),
    "dask-gateway-failed": code("dask-gateway cannot create a cluster: {message}", message=str),
    "dask-not-made": code("{cluster} cannot create a cluster: {message}", cluster=str, message=str),
    "dask-workers-silent": code("The Dask workers {workers:, } do not respond.", workers=list),
    "dask-packages-unknown": code("no worker of {site} has reported its packages yet", site=str),
    "dask-packages-unreadable": code(
        "no worker of {site} has reported its packages yet: {message}", site=str, message=str
    ),
    "dask-without-workers": code("No Dask worker is registered."),
    "dask-without-gpus": code("no Dask worker declares a GPU"),
    "dask-worker-too-small": code(
        "no Dask worker has {wanted: with } (the most is {most:, })", wanted=list, most=list
    ),
    # the dispatcher
    "unexpected": code("unexpected: {error}: {message}", error=str, message=str),
    "report-not-stored": code("unexpected: its report cannot be stored"),
    "no-such-runtime": code("There is no runtime {runtime}.", runtime=str),
    "no-runtime-here": code("there is no runtime {runtime} here", runtime=str),
    "changed-while-read": code("{file} changed while it was being read", file=str),
    "credential-deleted": code("The credential {credential} was deleted.", credential=str),
    "credential-deleted-since": code(
        "The credential {credential} was deleted after the run was created.", credential=str
    ),
    "result-of-other-attempt": code("The result carries another attempt's token."),
    "code-gone": code("The code of {node} is no longer in the store.", node=str),
    "pinned-result-gone": code(
        "The pinned result of run {run} is no longer in the store.", run=int
    ),
    "environment-deleted": code("The environment {environment} was deleted.", environment=str),
    "environment-to-install": code("{environment} must be installed again", environment=str),
    "output-not-made": code("{node} did not create the output {output}.", node=str, output=str),
    "listing-too-long": code("its listing has more than {most} entries", most=str),
    "input-not-text": code("{cause}: its contents cannot be passed as text", cause=REASON),
    "dispatcher-silent": code("the dispatcher does not respond"),
    "probe-interrupted": code("the dispatcher stopped before the model responded: try again"),
    "probe-image-gone": code(
        "the engine no longer has the image {image} in which the node ran: run the node again",
        image=str,
    ),
    "probe-too-slow": code(
        "loading the model and calling it once took more than {seconds} s", seconds=NUMBER
    ),
    "probe-broke-off": code("loading the model and calling it once failed: {why}", why=REASON),
    "probe-without-result": code("loading the model and calling it once returned no result"),
    "probe-left-folder": code(
        "loading the model and calling it once left a folder in place of the result"
    ),
}
