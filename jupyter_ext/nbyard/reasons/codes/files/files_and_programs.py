"""Why files, archives, transfers, kernels or installers of this machine were refused."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

TRANSFERS = {
    "host-not-found": code("{host} cannot be found: {message}", host=str, message=str),
    "host-unreadable": code("fetching from {host} failed: {message}", host=str, message=str),
    "certificate-invalid": code(
        "the certificate of {host} is not valid: {message}", host=str, message=str
    ),
    "redirect-circle": code("redirects in a loop"),
    "too-many-redirects": code("redirects more than {most} times", most=int),
    "redirect-without-target": code("the server redirects to nowhere"),
    "redirect-drops-encryption": code("redirects from https to http"),
    # `phrase` is the server's own text for the status
    "server-answered": code("the server answered {status} {phrase}", status=int, phrase=str),
    "server-answered-status": code("the server answered {status}", status=int),
    "server-answered-error": code("{answer} ({error})", answer=REASON, error=str),
    "unknown-compression": code(
        "the server sends an unknown compression ({compression})", compression=str
    ),
    "transfer-cut": code(
        "the connection broke off after {received:,} of {size:,} bytes", received=int, size=int
    ),
    "transfer-cut-in-compressed": code(
        "the connection closed before the compressed data was complete"
    ),
    "transfer-cancelled": code("the transfer was cancelled"),
    "transfer-too-long": code("the transfer took too long"),
    "server-answers-late": code("the server does not respond in time"),
    "server-too-slow": code("the server sends too slowly"),
    "fetched-too-large": code("the file is larger than the {most:,} bytes allowed here", most=int),
}

UPLOADS = {
    "no-upload": code("upload not found; it may be finished or abandoned"),
    "upload-finished": code("the upload is finished"),
    "upload-locked": code("another request is writing to this upload"),
    "upload-offset-differs": code(
        "the upload must continue at offset {offset}, not at {given}", offset=int, given=int
    ),
    "upload-incomplete": code(
        "{received:,} of {size:,} bytes have arrived", received=int, size=int
    ),
    "upload-beyond-size": code("the upload may have at most {most:,} bytes", most=int),
    "upload-too-large": code("an upload may have at most {most:,} bytes", most=int),
    "upload-too-large-to-read": code("{name} has more than {most:,} bytes", name=str, most=int),
    "size-negative": code("may not be negative"),
    "not-a-checksum": code("must be 64 hexadecimal digits"),
    "checksum-differs": code(
        "the content has the checksum {checksum}, which differs from the expected one", checksum=str
    ),
}

BUNDLES = {
    "bundle-too-large": code(
        "The code bundle of {name} has more than {most:,} bytes; largest: {largest:, }",
        name=str,
        most=int,
        largest=REASONS,
    ),
    "file-of-size": code("{name} ({size:,})", name=str, size=int),
    "bundle-file-removed": code(
        "A file or folder was removed while the code of {name} was collected: {message}",
        name=str,
        message=str,
    ),
}

LINKS = {
    "not-a-dataset-id": code("'{id}' is not a valid ID", id=str),
    "dataset-place-taken": code("{path} already exists and was not created by nbyard", path=str),
    "link-place-taken": code("{path} already exists and was not created by nbyard", path=str),
    "link-refused": code("{path} cannot be linked: {message}", path=str, message=str),
}

ARCHIVES = {
    "archive-unknown": code(
        "This file is not a supported archive. Supported formats: zip, tar, tar.gz,"
        " tar.bz2, tar.xz."
    ),
    "archive-damaged": code("The archive is damaged or was cut off: {message}", message=str),
    "archive-without-end": code("The archive is damaged or was cut off: its end is missing."),
    "archive-encrypted": code("The archive is encrypted: '{name}'.", name=str),
    "archive-empty": code("The archive holds no files."),
    "archive-holds-link": code("The archive holds a link or device: '{name}'.", name=str),
    "archive-name-twice": code("The archive has '{name}' twice, or in two spellings.", name=str),
    "archive-file-and-folder": code(
        "The archive has '{name}' as a file and as a folder.", name=str
    ),
    "archive-too-many-files": code("An archive may have at most {most:,} files.", most=int),
    "archive-bomb": code("The archive expands to far more than its own size."),
    "archive-beyond-ratio": code(
        "The archive expands too far (at most {most} times its own size).", most=int
    ),
}

BLOBS = {
    "not-a-digest": code("'{digest}' is not a digest", digest=str),
    "digest-of-folder": code("is the digest of a folder, not of a file"),
    "digest-of-file": code("is the digest of a file, not of a folder"),
    "bytes-missing": code("the content with the digest {digest} is not in the store", digest=str),
    "bytes-damaged": code("the stored content does not match its digest {digest}", digest=str),
    "bytes-being-deleted": code("Unused content is being deleted. Try again in a moment."),
    "disk-full-for-bytes": code("disk full: needs {needed:,} bytes", needed=int),
    # `reserve` and `free` have a unit
    "disk-full-with-reserve": code(
        "disk full: needs {needed:,} bytes in addition to the {reserve} that nbyard"
        " keeps free; {free} are free",
        needed=int,
        reserve=str,
        free=str,
    ),
    "disk-full-no-file": code("disk full: no file can be created"),
    "file-changed-while-read": code("{path} changed while it was read", path=str),
    "place-taken": code("{path} already exists", path=str),
    "folder-name-twice": code("two files of the folder have the same name"),
    "folder-too-deep": code("folders may be nested at most {most} levels deep", most=int),
    "folder-too-many-files": code("a folder may have at most {most:,} files", most=int),
}

PATHS = {
    "path-empty": code("a path is needed"),
    "path-has-nul": code("may not contain NUL"),
    "path-hides-dots": code("may not contain a percent-encoded .."),
    "path-too-long": code("{path}… is longer than a path can be", path=str),
    "path-outside-root": code("{path} leads outside the allowed folder", path=str),
    "path-outside-folders": code("{path} is outside the folders allowed here", path=str),
    "not-an-ordinary-file": code("{path} is not an ordinary file", path=str),
    "path-is-folder": code("{path} is a folder, not a file", path=str),
    "path-is-link": code("{path} is a link", path=str),
    "path-missing": code("{path} does not exist", path=str),
    "path-unreadable": code("{path} cannot be read: {message}", path=str, message=str),
    "file-too-large": code("{path} has more than {most:,} bytes.", path=str, most=int),
    "file-forbidden": code("{path} cannot be read: permission denied.", path=str),
}

PROGRAMS = {
    # `noun` is the field, such as runtime
    "no-entry-point": code(
        "the {noun} '{name}' is not installed (present: {present:, })",
        noun=str,
        name=str,
        present=list,
    ),
    "no-entry-points": code(
        "the {noun} '{name}' is not installed (present: none)", noun=str, name=str
    ),
    "command-not-started": code("cannot be started: {message}", message=str),
    "no-answer-within": code("no answer in {seconds} s", seconds=NUMBER),
    "help-silent": code("printed nothing for --help within {seconds} s", seconds=NUMBER),
    "no-uv": code("uv is not installed."),
    "no-installer": code("Neither uv nor pip is installed."),
    "installation-too-long": code(
        "The installation took longer than install_timeout_seconds: {seconds} s.", seconds=NUMBER
    ),
    "address-of-dependency": code(
        "{package} comes from a URL that another package requires", package=str
    ),
    "hashes-differ": code(
        "{package} {version} has none of the requested hashes.", package=str, version=str
    ),
    "kernel-not-on-machine": code(
        "The kernel '{name}' is not installed on this machine.", name=str
    ),
    "kernel-language-differs": code(
        "the language of {kernel} is {own}, that of the notebook is {language}",
        kernel=str,
        own=str,
        language=str,
    ),
    "interpreter-fails": code(
        "The interpreter {interpreter} does not run: {message}", interpreter=str, message=str
    ),
    "store-blocked": code(
        "The store is busy: process {pid} ({name}) holds its write lock.", pid=int, name=str
    ),
    "store-blocked-by-stopped": code(
        "The store is busy: process {pid} ({name}) is stopped and holds its write lock.",
        pid=int,
        name=str,
    ),
}

MODEL_PROBES = {
    "model-probe-not-started": code(
        "{program} cannot be started to inspect the model: {message}", program=str, message=str
    ),
    "model-probe-too-long": code(
        "loading the model and calling it once took more than {seconds} s", seconds=NUMBER
    ),
    "model-probe-ended": code(
        "the process that loads and calls the model exited early; the model may need"
        " more memory than allowed here"
    ),
    "model-probe-ended-after": code(
        "loading the model and calling it once failed: {last}", last=str
    ),
    "model-probe-unreadable": code(
        "the result of inspecting the model cannot be read: {message}", message=str
    ),
}

# what the process of a model found; `nbyard.serving.model_probe` makes these
MODELS = {
    "model-needs-memory": code("the model needs more memory than allowed here"),
    "model-unreadable": code(
        "neither pickle nor joblib can read the file here: {message}", message=str
    ),
    "model-module-missing": code(
        "the module {module} was not found by the interpreter that inspected the"
        " model ({interpreter})",
        module=str,
        interpreter=str,
    ),
    "model-without-predict": code(
        "the file contains a {type}, which has no method predict", type=str
    ),
    "model-class-in-notebook": code(
        "{name} is defined in the notebook or script itself, where other programs"
        " cannot find it: move it to a module next to it, and import it from there",
        name=str,
    ),
    "model-columns-unknown": code(
        "the {type} does not list its input columns (it has no feature_names_in_):"
        " fit it with a data frame that has column names",
        type=str,
    ),
    "model-column-incomplete": code(
        "the {attribute} of the model has a column without a name or a valid type;"
        " valid types: {types:, }",
        attribute=str,
        types=list,
    ),
    "row-of-table": code("a row of {table}", table=str),
    "row-of-zeros": code("a row of zeros"),
    "model-refuses-row": code("predict failed for {row}: {message}", row=REASON, message=str),
    "model-answers-array": code(
        "predict returns an array of the shape {shape} without column names",
        shape=str,
    ),
    "model-answers-without-names": code("predict returns a {type} without column names", type=str),
    "model-answers-type": code(
        "predict returns values of the type {type}, which is not a column type", type=str
    ),
    "model-answer-unfit": code("the result of predict cannot be described: {message}", message=str),
}

FILES = {
    **TRANSFERS,
    **UPLOADS,
    **BUNDLES,
    **LINKS,
    **ARCHIVES,
    **BLOBS,
    **PATHS,
    **PROGRAMS,
    **MODEL_PROBES,
    **MODELS,
}
