"""What people can do about a refusal: the hints of errors."""

from nbyard.reasons.codes.code import REASON, REASONS, code

GENERAL = {
    "hints": code("{hints: }", hints=REASONS),
    "free-name": code("Choose another name; '{name}' is free.", name=str),
    "did-you-mean": code("Did you mean {names: or }?", names=list),
    "ask-the-log": code("The server's log has details. Look for {request}.", request=str),
    "try-again-then": code("Try again when it is installed."),
}

STORES = {
    "free-space": code("Free space and try again."),
    "free-space-of-store": code("Free space on the disk of the store, then try again."),
    "free-inodes": code("Free space, or remove files where the file system has no inodes left."),
    "database-correct-url": code(
        "Create the database or user, or correct the setting database_url."
    ),
    "install-postgres": code("Install the driver with: pip install 'nbyard[postgres]'"),
    "results-of-node": code("Its metrics and outputs are: {names:, }.", names=list),
    "database-may-return": code(
        "The database server may be down or restarting. Runs that have started continue meanwhile."
    ),
    "continue-or-end-process": code(
        "Continue the process (kill -CONT {pid}) or kill it (kill -9 {pid}). Killing"
        " it rolls back its unfinished write.",
        pid=int,
    ),
    "wait-for-process": code("Try again in a moment. If the store stays busy, stop that process."),
    "restore-store": code(
        "Nothing was changed. Restore a backup, or start with an empty store: mv"
        " {folder} {folder}.old",
        folder=str,
    ),
    "another-store": code("set another folder with store_dir (NBYARD_STORE_DIR)."),
    "mount-store-anew": code(
        "Nothing was changed. Its file system may have become read-only. Remount it, or {other}",
        other=REASON,
    ),
    "run-as-owner": code(
        "Nothing was changed. Run nbyard as {owner} (without sudo, or as that user of the"
        " container), or {other} To make all files in the folder yours:"
        " sudo chown -R {own} {folder}",
        owner=str,
        other=REASON,
        own=str,
        folder=str,
    ),
    "move-file-out": code(
        "Nothing was changed. Move that file out of the folder (nbyard then denies"
        " access to other users), or {other}",
        other=REASON,
    ),
    "close-folder": code(
        "Nothing was changed. Try: chmod 700 {folder}. If the mode stays, {other}",
        folder=str,
        other=REASON,
    ),
    "close-store-folder": code(
        "Nothing was changed. If only you use the folder: chmod 700 {folder}. Otherwise {other}",
        folder=str,
        other=REASON,
    ),
    "folder-inside": code(
        "Nothing was changed. Set a new folder for the store, which nbyard creates:"
        " NBYARD_STORE_DIR={folder}",
        folder=str,
    ),
    "upgrade-nbyard": code("The store has schema {schema}. Upgrade nbyard to open it.", schema=str),
    "give-old-key": code(
        "Add the old key after the new one in {variable}, or replace the secret"
        " values of the credential.",
        variable=str,
    ),
    "replace-secrets": code("Replace the secret values in it, or delete it."),
    "restore-key": code(
        "Set {variable} to the key that encrypted them (on the server?), or restore"
        " {file}. If the key is lost, create a new one: (umask 077; openssl rand -hex"
        " 32 > {name})",
        variable=str,
        file=str,
        name=str,
    ),
    "make-key": code("Create one with: openssl rand -hex 32"),
    "store-as-credential": code("Store them as a credential."),
    "store-as-s3-credential": code("Store it as a credential of the kind s3."),
    "your-credentials": code("Your credentials: {names:, }.", names=list),
    "no-credentials-yet": code("There are no credentials yet."),
    "remove-from-users": code("Remove it from these, or force the deletion."),
    "move-away": code("Move it away, or choose another link folder."),
    "ignore-files": code(
        "List what the code does not need in a file .nbyardignore of the project folder."
    ),
    "try-again-undisturbed": code(
        "Try again when no other program deletes files next to the code."
    ),
    "make-dataset": code("Add it as a dataset: nbyard datasets add {file}", file=str),
    "other-name-or-version": code("Choose another name, or add a new version of that dataset."),
    "other-name": code("Choose another name, or edit or delete that deployment."),
}

MACHINES = {
    "start-engine": code(
        "Start it, or set DOCKER_HOST or the setting docker_host (NBYARD_DOCKER_HOST)."
    ),
    "start-engine-and-retry": code(
        "Start the container engine (nbyard doctor shows its state) and try again."
    ),
    "join-group": code(
        "Add your account to the group of the socket: sudo usermod -aG {group} ACCOUNT. Then sign"
        " in again, or restart your server if it belongs to a JupyterHub. Members of that group"
        " can become root.",
        group=str,
    ),
    "log-in-by-ssh": code(
        "`ssh` must connect without a prompt, and the Docker client must be installed"
        " on that host. Run `docker version` over `ssh` to check."
    ),
    "show-certificates": code(
        "Set docker_cert_path (NBYARD_DOCKER_CERT_PATH), or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH,"
        " to the folder of its certificates."
    ),
    "install-ssh": code("Install the OpenSSH client."),
    "free-networks": code("Remove unused networks (docker network prune) or add address pools."),
    "declare-parameters": code(
        "Declare parameters in the parameters cell of a notebook, or in FILE.nbexec"
        " next to a script or Dockerfile (Dockerfile.nbexec)."
    ),
    "declare-workflow-parameters": code(
        "To declare it, open the inspector of the workflow in JupyterLab while no"
        " node is selected. Then select it in the menu next to the field of each node"
        " that uses it."
    ),
    "bisect-by-metric": code("These metrics differ between both runs: {names:, }.", names=list),
    "bisect-needs-metric": code(
        "Without a metric, one run must have succeeded and the other one failed. No metric differs"
        " between both runs; nbyard.log_metric(NAME, NUMBER) records one."
    ),
    "skip-in-scratch-run": code(
        "Skip the call in the code where the environment variable NBYARD_SCRATCH_RUN is set."
    ),
    "find-gpus": code(
        "nbyard doctor shows how GPUs were detected. The setting gpus can list them."
    ),
    "install-gpu-toolkit": code(
        "Install the NVIDIA Container Toolkit on the engine's machine and restart the engine. For"
        " Podman, write its CDI file (nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml)."
    ),
    "set-dask": code(
        "Set dask_address to the address of a scheduler, or set dask_cluster. See the Dask how-to."
    ),
    "pip-install": code("pip install {package}", package=str),
    "same-versions": code(
        "Install the same versions of Python, distributed and msgpack on both sides."
    ),
    "known-clusters": code(
        "The setting dask_cluster must be one of {known:, }, or MODULE:CALLABLE.", known=list
    ),
    "install-installer": code(
        "Install uv or pip in the environment of nbyard, for example: {python} -m ensurepip",
        python=str,
    ),
    "name-a-wheel": code(
        "Add the URL of its wheel to the requirements, or choose another version of"
        " the package that requires it."
    ),
    "correct-hash": code("Correct its hash, or leave it out."),
    "installed-kernels": code("Installed kernels: {names:, }.", names=list),
    "no-installed-kernels": code("No kernels are installed."),
    "repair-environment": code("Repair its environment, or choose another kernel."),
    "show-environment": code(
        "From a shell: nbyard environments show {name} shows what to do.", name=str
    ),
    "allow-private-hosts": code(
        "nbyard refuses addresses of this machine and of private networks. An administrator allows"
        " a host: start JupyterLab with NBYARD_ALLOWED_PRIVATE_HOSTS=nas.local:8080, or set"
        ' c.Settings.allowed_private_hosts = ["nas.local:8080"].'
    ),
}

CODE = {
    "use-plain-references": code("Plain references such as $(inputs.name.path) are supported."),
    "pass-as-file": code("Pass it as a file."),
    "quote-question-mark": code(
        "Between braces, a text with a question mark needs quotes: {example}", example=str
    ),
    "save-in-format-4": code("Open it in JupyterLab and save it: that writes format 4."),
    "upload-wheel": code("Put the wheel into a package index, or make it available at a URL."),
    "write-below-marker": code(
        "Write your lines below the marker. Set base, packages and user with options"
        " (nbyard images build --help). nbyard images dockerfile prints the generated"
        " Dockerfile. To build a Dockerfile of your own, pass its path."
    ),
    "give-input-file": code("From a shell: --input-file {name}=path", name=str),
    "cancel-run": code("From a shell: nbyard runs cancel {number}", number=int),
}

# what `nbyard doctor` advises
CURES = {
    "use-linux": code("Only Linux is tested. On Windows, use WSL2."),
    "free-space-for-outputs": code("Free space: runs need room for their outputs."),
    "install-ipykernel": code("pip install ipykernel"),
    "restart-dispatcher": code(
        "kill {pid} stops the dispatcher. Running tasks continue. The next dispatcher"
        " uses the settings of the process that starts it.",
        pid=int,
    ),
    "check-gpus": code("Check the output of nvidia-smi -L, or set gpus."),
    "install-docker": code("Install and start Docker, or set docker_host, to run in containers."),
    "start-cluster": code("Start it, or ask its owner."),
    "reinstall-nbyard": code("Reinstall nbyard: its wheel contains the extension."),
}


PRODUCTS = {
    "name-a-class": code("Choose one, such as {file}:{name}.", file=str, name=str),
    "give-defaults": code("Set a default for each."),
    "declare-columns": code(
        "Add {example} to the class, or write a model file (nervosum.yaml).", example=str
    ),
    "write-model-file": code(
        "Or write a model file (nervosum.yaml) for a class that loads this file in"
        " its __init__. It declares the inputs, outputs and requirements of the model."
    ),
    "list-requirements": code("List the required packages in a {file} next to it.", file=str),
    "install-nbdime": code(
        "Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"
    ),
    "too-much-changed": code(
        "Too much changed to compare the notebooks cell by cell. Plain lines are compared instead."
    ),
    "run-model": code("nbyard models run -n {name}", name=str),
    "serve-or-predict": code(
        "nbyard models deploy -n {name} serves it. To predict with its file: nbyard run {path}",
        name=str,
        path=str,
    ),
    "rename-model": code("Give this model another name or tag in its file."),
    "or-remove-image": code("Or: nbyard images rm {image}", image=str),
    "or-remove-model": code("Or: nbyard models rm {image}", image=str),
    "image-rebuilt-by-deploying": code(
        "Deploying the model rebuilds the image and replaces the earlier one."
    ),
    "follow-image-log": code("nbyard images log {image} shows its progress.", image=str),
    "see-image-log": code(
        "The log of the image shows why (in a shell: nbyard images log {image}).", image=str
    ),
    "deploy-model-again": code("Deploying it again repeats the build."),
    "load-image": code("`docker load` adds an image without a registry."),
    "remove-built-image": code(
        "Choose another name (--tag), or remove that image first: nbyard images rm {image}",
        image=str,
    ),
    "remove-pulled-image": code("Remove that image first: nbyard images rm {image}", image=str),
    "push-under-other-name": code(
        "Push it under another name, or remove that image first: nbyard images rm {image}",
        image=str,
    ),
    "list-artifacts": code(
        "nbyard artifacts ls lists named artifacts; nbyard runs lineage RUN shows those of a run."
    ),
    "list-revisions": code("nbyard deployments revisions {name} lists them.", name=str),
    "show-deployment": code("nbyard deployments show {name} shows why.", name=str),
    "show-deployment-and-log": code(
        "nbyard deployments show {name} and nbyard deployments log {name} show why.", name=str
    ),
    "see-log": code("Its log may show why."),
    "one-way-only": code("Use either the fields of nbyard or those of the dashboard."),
}

HINTS = GENERAL | STORES | MACHINES | CODE | CURES | PRODUCTS
