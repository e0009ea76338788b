"""What container engines, images, Dask and the dispatcher report."""

from nbyard.reasons.codes.code import code

ENGINES = {
    # the connection to a container engine
    "engine-unreachable": code("Docker cannot be reached at {url}: {why}"),
    "engine-refused": code("The Docker engine refused: {message}"),
    "engine-wants-tls": code("the engine requires TLS"),
    "engine-url-invalid": code("the URL of an engine must begin with one of {schemes:, }"),
    "certificates-missing": code("there is no {files:, } in {folder}"),
    "connection-closed": code("The connection to {url} is closed."),
    "no-answer-in-time": code("no response in time"),
    "over-ssh": code("over ssh"),
    "by-local-socket": code("over a local socket"),
    "by-tls": code("over TCP with TLS"),
    "by-tcp": code("over TCP without TLS"),
    "permission-denied": code("permission denied"),
    "network-of-other-kind": code("The network {network} has the wrong type and is still in use."),
    "no-address-range": code("The Docker engine has no free address range for another network."),
    "archive-incomplete": code("The engine sent only a part of {path}: {message}"),
    # images of an engine, and the registries that they come from
    "build-refused": code("The image could not be built: {message}"),
    "image-known-by-id": code(
        "The image {image} was deleted and is known only by its ID. Build it again."
    ),
    "image-not-pulled": code("The image {image} is not present and cannot be pulled: {why}"),
    "push-refused": code("{image} cannot be pushed: {why}"),
    "image-removed-at-naming": code("The image {image} was deleted while it was being tagged."),
    "image-removed-meanwhile": code("The image {image} was deleted in the meantime."),
    "image-not-fetched": code("The image {image} was pulled, but the engine does not have it."),
    "image-without-program": code(
        "The image specifies no program: add ENTRYPOINT or CMD to its Dockerfile."
    ),
    "no-image-builder": code(
        "This runtime cannot build images. Choose an image that contains everything the node needs."
    ),
    "environment-of-image-gone": code("The environment of this image was deleted."),
    "requirement-in-folder": code(
        "{requirement}: an image cannot be built with a package from a folder of this machine"
    ),
    "no-serving-mode": code("there is no mode {mode}; there are: {known:, }"),
    "no-serving-modes": code("there is no mode {mode}: no modes are installed"),
    "public-registry": code("the public registry"),
    "registry-unknown": code("{host} cannot be found from here"),
    "registry-closed": code("{host} refuses connections"),
    "registry-silent": code("{host} does not respond in time"),
    "registry-without-tls": code(
        "{host} does not use TLS, and the settings of the engine do not allow this"
    ),
    "registry-not-trusted": code("the engine does not trust the certificate of {host}"),
    "registry-login-needed": code(
        "{host} requires a login with permission for this ({command}, or a credential"
        " of the kind registry)"
    ),
    "registry-login-refused": code(
        "{host} does not accept the login of the credential {credential} for this"
    ),
    "registry-without-image": code("{host} does not have this image"),
    "engine-file-system-full": code("the disk is full"),
    # attempts in containers
    "container-name-taken": code(
        "The container {container} could not be created: its name is already in use."
    ),
    "container-ended": code("The container {container} has exited."),
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
    "requirements-file-missing": code("The requirements file {file} is not in the bundle."),
    "requirements-file-outside": code("The requirements file {file} is outside the bundle."),
    "path-leads-out": code("{path} leads out of the attempt's folder"),
    "gpus-not-given": code(
        "the engine did not provide the granted GPUs: {why} (granted: {gpus:, })"
    ),
    # a sentence, because a hint about the toolkit follows
    "gpus-need-toolkit": code(
        "the engine did not provide the granted GPUs: {why} (granted: {gpus:, })."
    ),
    "gpus-not-listed": code("the image has neither nvidia-smi nor ls to list the GPUs"),
    "gpus-not-supported": code("this engine has no support for GPUs ({message})"),
    "no-cdi-device": code("Podman cannot find the CDI device"),
    "no-gpu-seen": code("a container sees no GPU"),
    "other-count-of-gpus": code(
        "a container sees {seen} GPUs instead of {granted}", seen=int, granted=int
    ),
    "other-gpus-seen": code("a container sees {gpus:, } instead"),
    # attempts as processes, and their folders
    "file-unreadable": code("{file} cannot be read: {message}"),
    "runner-not-started": code("The runner cannot be started: {message}"),
    "runner-start-slow": code("The runner did not start within {seconds} s."),
    "runner-ended-at-start": code("The runner exited during its start (exit code {exit_code})."),
    # dask
    "dask-workers": code("{workers} workers with {threads} threads at {address}", threads=int),
    "dask-creates": code("{name} creates a cluster when it is needed"),
    "dask-gateway-creates": code(
        "dask-gateway {version} at {address} creates a cluster when it is needed"
    ),
    "dask-unset": code("No Dask cluster is set."),
    "dask-not-installed": code("The Dask runtime needs distributed, which is not installed."),
    "dask-unreachable": code("The Dask cluster {cluster} cannot be reached: {message}"),
    "dask-silent": code("The Dask cluster does not respond: {message}"),
    "dask-out-of-reach": code("The Dask cluster could not be reached."),
    "dask-connection-closed": code("The connection to the Dask cluster was closed."),
    "dask-differs": code("The Dask cluster does not fit this installation: {differences:; }."),
    "scheduler-differs": code("the scheduler has {package} {theirs}, this installation has {own}"),
    "worker-differs": code(
        "the worker {worker} has {package} {theirs}, this installation has {own}"
    ),
    "dask-not-imported": code("{package} cannot be imported: {message}"),
    "dask-program-missing": code("{program}, which {cluster} needs, is not installed here"),
    "dask-gateway-unusable": code("dask-gateway: {message}"),
    "dask-gateway-failed": code("dask-gateway cannot create a cluster: {message}"),
    "dask-not-made": code("{cluster} cannot create a cluster: {message}"),
    "dask-workers-silent": code("The Dask workers {workers:, } do not respond.", workers=list),
    "dask-packages-unknown": code("no worker of {site} has reported its packages yet"),
    "dask-packages-unreadable": code(
        "no worker of {site} has reported its packages yet: {message}"
    ),
    "dask-without-workers": code("No Dask worker is registered."),
    "dask-without-gpus": code("no Dask worker declares a GPU"),
    "dask-worker-too-small": code(
        "no Dask worker has {wanted: with } (the most is {most:, })", most=list
    ),
    # the dispatcher
    "unexpected": code("unexpected: {error}: {message}"),
    "report-not-stored": code("unexpected: its report cannot be stored"),
    # stores with several users
    "runtime-off": code(
        "'{node}' would run in the runtime {runtime}. This store has several users, so it runs code"
        " only in containers."
    ),
    "dask-off": code(
        "'{node}' would run on the Dask cluster, which the administrator allows only for other"
        " users and projects."
    ),
    "dask-of-others": code("The administrator gives the Dask cluster only to others."),
    "dask-of-projects": code(
        "Only runs of these projects may use the Dask cluster: {projects:, }", projects=list
    ),
    "use-containers": code("Choose the runtime docker."),
    "code-off-here": code(
        "This store has several users, so it does not {work}: that would run their code in the"
        " service."
    ),
    "dockerfile-off": code(
        "{path} is a Dockerfile. The administrator of this store does not allow users to build"
        " their own."
    ),
    "image-off": code("You may not use the image {image} in this store."),
    "image-not-built-yet": code("The image {image} is not ready."),
    "push-off": code("The name {image} is for images that all users of this store share."),
    "use-allowed-image": code(
        "Build an image from an environment, or ask the administrator to add an image to"
        " allowed_images."
    ),
    "no-such-runtime": code("There is no runtime {runtime}."),
    "no-runtime-here": code("there is no runtime {runtime} here"),
    "changed-while-read": code("{file} changed while it was being read"),
    "credential-deleted": code("The credential {credential} was deleted."),
    "credential-deleted-since": code(
        "The credential {credential} was deleted after the run was created."
    ),
    "result-of-other-attempt": code("The result carries another attempt's token."),
    "code-gone": code("The code of {node} is no longer in the store."),
    "pinned-result-gone": code("The pinned result of run {run} is no longer in the store."),
    "environment-deleted": code(
        "The environment {environment} was deleted, or is no longer shared with you."
    ),
    "environment-to-install": code("{environment} must be installed again"),
    "output-not-made": code("{node} did not create the output {output}."),
    "listing-too-long": code("its listing has more than {most} entries", most=str),
    "input-not-text": code("{cause}: its contents cannot be passed as text"),
    "dispatcher-silent": code("the dispatcher does not respond"),
    "probe-interrupted": code("the dispatcher stopped before the model responded: try again"),
    "probe-image-gone": code(
        "the engine no longer has the image {image} in which the node ran: run the node again"
    ),
    "probe-too-slow": code("loading the model and calling it once took more than {seconds} s"),
    "probe-broke-off": code("loading the model and calling it once failed: {why}"),
    "probe-without-result": code("loading the model and calling it once returned no result"),
    "probe-left-folder": code(
        "loading the model and calling it once left a folder in place of the result"
    ),
}
