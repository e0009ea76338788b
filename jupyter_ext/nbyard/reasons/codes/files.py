"""Why files, archives, transfers, kernels or installers of this machine were refused."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

TRANSFERS = {
    "host-not-found": code("{host} cannot be found: {message}", host=str, message=str),
    "host-unreadable": code("{host} cannot be read: {message}", host=str, message=str),
    "certificate-invalid": code(
        "the certificate of {host} is not valid: {message}", host=str, message=str
    ),
    "redirect-circle": code("redirects in a circle"),
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
    "transfer-cut-in-compressed": code("the connection closed within the compressed bytes"),
    "transfer-cancelled": code("the transfer was cancelled"),
    "transfer-too-long": code("the transfer took too long"),
    "server-answers-late": code("the server does not respond in time"),
    "server-too-slow": code("the server sends too slowly"),
    "fetched-too-large": code("the file is larger than the {most:,} bytes allowed here", most=int),
}

UPLOADS = {
    "no-upload": code("there is no such upload; it may be finished or abandoned"),
    "upload-finished": code("the upload is finished"),
    "upload-locked": code("another request is writing to this upload"),
    "upload-offset-differs": code(
        "the upload continues at {offset}, not at {given}", offset=int, given=int
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
        "the bytes have the checksum {checksum}, not the stated one", checksum=str
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
    "not-a-dataset-id": code("'{id}' is not an id", id=str),
    "dataset-place-taken": code("{path} is in the way: it was not made by nbyard", path=str),
    "link-place-taken": code("{path} exists and is not nbyard's", path=str),
    "link-refused": code("{path} cannot be linked: {message}", path=str, message=str),
}

ARCHIVES = {
    "archive-unknown": code(
        "This is no archive that can be unpacked: zip, tar, tar.gz, tar.bz2, tar.xz."
    ),
    "archive-damaged": code("The archive is damaged or was cut off: {message}", message=str),
    "archive-without-end": code("The archive is damaged or was cut off: it has no end."),
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
    "bytes-missing": code("the bytes of {digest} are not in the store", digest=str),
    "bytes-damaged": code("the stored bytes of {digest} do not match it", digest=str),
    "bytes-being-deleted": code("Unused bytes are being deleted; try again in a moment."),
    "disk-full-for-bytes": code("disk full: needs {needed:,} bytes", needed=int),
    # `reserve` and `free` have a unit
    "disk-full-with-reserve": code(
        "disk full: needs {needed:,} bytes beside the {reserve} that are always kept free;"
        " {free} are free",
        needed=int,
        reserve=str,
        free=str,
    ),
    "disk-full-no-file": code("disk full: no file can be made"),
    "file-changed-while-read": code("{path} changed while it was read", path=str),
    "place-taken": code("{path} exists already", path=str),
    "folder-name-twice": code("two files of the folder have the same name"),
    "folder-too-deep": code("folders may be at most {most} deep", most=int),
    "folder-too-many-files": code("a folder may have at most {most:,} files", most=int),
}

PATHS = {
    "path-empty": code("a path is needed"),
    "path-has-nul": code("may not contain NUL"),
    "path-hides-dots": code("may not hide .. behind percent signs"),
    "path-too-long": code("{path}… is longer than a path can be", path=str),
    "path-outside-root": code("{path} leads out of the folder that is served", path=str),
    "path-outside-folders": code("{path} is outside the folders allowed here", path=str),
    "not-an-ordinary-file": code("{path} is not an ordinary file", path=str),
    "path-is-folder": code("{path} is a folder, not a file", path=str),
    "path-is-link": code("{path} is a link", path=str),
    "path-missing": code("{path} does not exist", path=str),
    "path-unreadable": code("{path} cannot be read: {message}", path=str, message=str),
    "file-too-large": code("{path} has more than {most:,} bytes.", path=str, most=int),
    "file-forbidden": code("{path} may not be read.", path=str),
}

PROGRAMS = {
    # `noun` is the field, such as runtime
    "no-entry-point": code(
        "there is no {noun} '{name}' (present: {present:, })", noun=str, name=str, present=list
    ),
    "no-entry-points": code("there is no {noun} '{name}' (present: none)", noun=str, name=str),
    "command-not-started": code("cannot be started: {message}", message=str),
    "no-answer-within": code("no answer in {seconds} s", seconds=NUMBER),
    "help-silent": code("printed nothing to --help within {seconds} s", seconds=NUMBER),
    "no-uv": code("There is no uv here."),
    "no-installer": code("There is neither uv nor pip here."),
    "installation-too-long": code(
        "It took longer than install_timeout_seconds: {seconds} s.", seconds=NUMBER
    ),
    "address-of-dependency": code(
        "{package} comes from a URL that another package requires", package=str
    ),
    "hashes-differ": code(
        "{package} {version} has none of the hashes that are asked for.", package=str, version=str
    ),
    "kernel-not-on-machine": code("There is no kernel '{name}' on this machine.", name=str),
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
        "The store is busy: process {pid} ({name}) keeps it from being written.", pid=int, name=str
    ),
    "store-blocked-by-stopped": code(
        "The store is busy: process {pid} ({name}) was stopped while it wrote.", pid=int, name=str
    ),
}

MODEL_PROBES = {
    "model-probe-not-started": code(
        "{program} cannot be started to look at it: {message}", program=str, message=str
    ),
    "model-probe-too-long": code(
        "loading and calling it once took more than {seconds} s", seconds=NUMBER
    ),
    "model-probe-ended": code(
        "loading and calling it once stopped early; it may need more memory than allowed here"
    ),
    "model-probe-ended-after": code("loading and calling it once failed: {last}", last=str),
    "model-probe-unreadable": code(
        "its description of itself cannot be read: {message}", message=str
    ),
}

# what the process of a model found; `nbyard.serving.model_probe` makes these
MODELS = {
    "model-needs-memory": code("it needs more memory than it may have here"),
    "model-unreadable": code(
        "it is no file that pickle or joblib can read here: {message}", message=str
    ),
    "model-module-missing": code(
        "there is no module {module} where it was looked at ({interpreter})",
        module=str,
        interpreter=str,
    ),
    "model-without-predict": code("it holds a {type}, which has no method predict", type=str),
    "model-class-in-notebook": code(
        "{name} is defined in the notebook or script itself, where other programs do not find it:"
        " write it into a module beside it, and import it from there",
        name=str,
    ),
    "model-columns-unknown": code(
        "its {type} does not list its input columns (it has no feature_names_in_): fit it with"
        " a data frame whose columns have names",
        type=str,
    ),
    "model-column-incomplete": code(
        "its {attribute} has a column without name or type; types are: {types:, }",
        attribute=str,
        types=list,
    ),
    "row-of-table": code("a row of {table}", table=str),
    "row-of-zeros": code("a row of zeros"),
    "model-refuses-row": code(
        "its predict does not take {row}: {message}", row=REASON, message=str
    ),
    "model-answers-array": code(
        "its predict answers with an array of the shape {shape}, whose columns have no names",
        shape=str,
    ),
    "model-answers-without-names": code(
        "its predict answers with a {type}, whose columns have no names", type=str
    ),
    "model-answers-type": code(
        "its predict answers with a {type}, which is no type of a column", type=str
    ),
    "model-answer-unfit": code(
        "the answer of its predict cannot be described: {message}", message=str
    ),
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
