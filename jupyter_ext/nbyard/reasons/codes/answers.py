"""What answers say about data, models, images, projects and files."""

from nbyard.reasons.codes.code import REASON, code

ANSWERS = {
    # why a clean-up keeps a run that its rules choose
    "run-is-bisected": code("a running bisection compares it"),
    "kept-by-user": code("you marked it to be kept"),
    "newest-success": code("it is the newest successful run, which only a size of 0 deletes"),
    "has-name": code("it is the artifact '{name}'"),
    "run-has-name": code("it has the name '{name}'"),
    "model-deployed": code("the deployment '{name}' serves its model"),
    "result-pinned": code("{workflow} uses its result of '{node}'"),
    # runs
    # requests
    # a refused field whose reason continues a sentence
    "no-file": code("There is no file {path}."),
    "folder-not-compared": code("One of the versions is a folder."),
    # environments
    "version-not-yet-installed": code(
        "version {version} of '{name}' is not installed yet: it is {state}", version=int
    ),
    # deployments
    # what may be a mistake
    "tag-for-gpus": code("The tag '{tag}' is for GPUs, but no GPU is requested."),
    "tag-for-cpu": code("The tag '{tag}' is for the CPU, but a GPU is requested."),
    "ide-in-sandbox": code(
        "{image} is not listed in the setting ide_images. Browsers show its pages in"
        " a sandbox, where the IDE does not work."
    ),
    # what `nbyard doctor` finds
    "gpus-as-set": code("as set"),
    "gpus-of-driver": code("reported by nvidia-smi"),
    "gpus-of-job": code("reported by nvidia-smi, limited to {variable} of this job"),
    "no-gpu-driver": code("nvidia-smi is not installed"),
    # models
    "model-origin-unknown": code("the run that created it is no longer known: run its node again"),
    # runs
    "bisected-run-gone": code("One of the two compared runs was deleted."),
    "bisection-outdated": code(
        "Between the two runs, nbyard now finds other changes than when the bisection started."
        " Start the bisection again."
    ),
    # environments
    # the message of a library that reads addresses or requirements
    # models
    # deployments
    "project-file-uncommitted": code(
        "is not committed. Commit it, or send files with --stash or --current"
    ),
    "project-file-untracked": code("is ignored or not tracked by Git"),
    # what the conversion of another program's project leaves out
    "import-no-field": code("{place}: {value}. nbyard does not have this field"),
    "import-bad-value": code("{place}: {value}. {why}"),
    "import-wrong-type": code("{place}: {why}"),
    "import-other-timing": code("{place}: {value}. The automation uses {used}"),
    "import-login": code("{place}: the user name and password in the URL"),
    "import-no-value": code("{place} is missing, so the workflow is left out"),
    "import-no-notebook": code("{place}: the notebook '{name}' was not found"),
    "import-no-runtime": code(
        "{place}: {value} is not in runtimes.yaml. The notebook uses its kernel"
    ),
    "import-no-file": code("{place}: the file {name} was not found"),
    "import-bad-line": code('{place}: the line is not KEY="value"'),
    "import-other-file": code("{place}: only {name} was read"),
    # names
    "too-many-bytes": code("may have at most {most} bytes"),
    # values of arguments; `given` is what was given in place of the right type
    # bodies of requests, JSON, YAML and Python files
    # addresses
    # package sources name another cure for it
    "login-in-url": code("may not contain a user name or password"),
    # hints for a shell, which forms hide
    "show-environment": code("From a shell: nbyard environments show {name} shows what to do."),
    "give-input-file": code("From a shell: --input-file {name}=path"),
    "cancel-run": code("From a shell: nbyard runs cancel {number}"),
    # machines
    "start-engine": code(
        "Start it, or set DOCKER_HOST or the setting docker_host (NBYARD_DOCKER_HOST)."
    ),
    "join-group": code(
        "Add your account to the group of the socket: sudo usermod -aG {group} ACCOUNT. Then sign"
        " in again, or restart your server if it belongs to a JupyterHub. Members of that group"
        " can become root."
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
    "install-gpu-toolkit": code(
        "Install the NVIDIA Container Toolkit on the engine's machine and restart the engine. For"
        " Podman, write its CDI file (nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml)."
    ),
    "set-dask": code(
        "Set dask_address to the address of a scheduler, or set dask_cluster. See the Dask how-to."
    ),
    "pip-install": code("pip install {package}"),
    "same-versions": code(
        "Install the same versions of Python, distributed and msgpack on both sides."
    ),
    "known-clusters": code(
        "The setting dask_cluster must be one of {known:, }, or MODULE:CALLABLE."
    ),
    # code
    "upload-wheel": code("Put the wheel into a package index, or make it available at a URL."),
    # products
    "install-nbdime": code(
        "Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"
    ),
    "too-much-changed": code(
        "Too much changed to compare the notebooks cell by cell. Plain lines are compared instead."
    ),
    "load-image": code("`docker load` adds an image without a registry."),
    # bundles
    "file-of-size": code("{name} ({size:,})"),
    # links
    "link-place-taken": code("{path} already exists and was not created by nbyard"),
    "link-refused": code("{path} cannot be linked: {message}"),
    # blobs
    "disk-full-for-bytes": code("disk full: needs {needed:,} bytes"),
    # programs
    # `noun` is the field, such as runtime
    # what the process of a model found; `nbyard.serving.model_probe` makes these
    "model-needs-memory": code("the model needs more memory than allowed here"),
    "model-unreadable": code("neither pickle nor joblib can read the file here: {message}"),
    "model-module-missing": code(
        "the module {module} was not found by the interpreter that inspected the"
        " model ({interpreter})"
    ),
    "model-without-predict": code("the file contains a {type}, which has no method predict"),
    "model-class-in-notebook": code(
        "{name} is defined in the notebook or script itself, where other programs"
        " cannot find it: move it to a module next to it, and import it from there"
    ),
    "model-columns-unknown": code(
        "the {type} does not list its input columns (it has no feature_names_in_):"
        " fit it with a data frame that has column names, or give predict typed parameters,"
        " such as predict(self, age: float)"
    ),
    "model-column-incomplete": code(
        "the {attribute} of the model has a column without a name or a valid type;"
        " valid types: {types:, }"
    ),
    "row-of-table": code("a row of {table}"),
    "row-of-zeros": code("a row of zeros"),
    "model-refuses-row": code("predict failed for {row}: {message}", row=REASON),
    "model-answers-array": code(
        "predict returns an array of the shape {shape} without column names"
    ),
    "model-answers-without-names": code("predict returns a {type} without column names"),
    "model-answers-type": code(
        "predict returns values of the type {type}, which is not a column type"
    ),
    "model-answer-unfit": code("the result of predict cannot be described: {message}"),
    # reading
    "table-unreadable": code("the table cannot be read: {message}"),
    "table-too-deep": code("the table is nested too deeply"),
    "table-beyond-memory": code("reading this table needs more memory than allowed"),
    # what a page or a profile of a table warns of
    "lines-before-table": code("the table begins after text, which is left out (lines: {count})"),
    "text-not-utf-8": code("the text is not UTF-8: it is read as {encoding}"),
    "columns-renamed": code("columns with an empty or duplicate name are now called {names:, }"),
    "ragged-line": code("line {line:,} has {found:,} values, the header has {expected:,}"),
    "ragged-lines": code("{first} ({count:,} such lines)", first=REASON),
    "dates-unclear": code(
        "the order of day and month is unclear, so these columns remain text: {names:, }"
    ),
    "first-sheet": code("this is the sheet {sheet} of {count:,}; the others are {others:, }"),
    "first-columns-shown": code("only the first {last:,} of {count:,} columns are shown"),
    "columns-shown": code("only columns {first:,} to {last:,} of {count:,} columns are shown"),
    "json-half-surrogate": code("A text contains half of a surrogate pair."),
}
