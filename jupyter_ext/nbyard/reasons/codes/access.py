"""Why a request, a server, the store or a key was refused."""

from nbyard.reasons.codes.code import REASON, code

# the messages of errors that give no other reason: one for each class of `nbyard.errors`
CLASSES = {
    "error-internal": code("Something unexpected went wrong in nbyard."),
    "error-bad-request": code("The request body cannot be read."),
    "error-forbidden": code("You may not do this."),
    "error-policy": code("The administrator's policy does not allow this."),
    "error-not-found": code("Not found."),
    "error-conflict": code("Not allowed in the current state."),
    "error-name-taken": code("This name is already taken."),
    "error-stale": code("Somebody changed this since you read it."),
    "error-in-use": code("Something else still uses this."),
    "error-too-large": code("This is larger than allowed."),
    "error-unsupported-content": code("This kind of content is not accepted here."),
    "error-invalid": code("A field was refused."),
    "error-too-often": code("Too many requests in a short time."),
    "error-busy": code("The store is busy; try again in a moment."),
    "error-unavailable": code("A service that this needs cannot be reached."),
    "error-store-unusable": code("The store cannot be used."),
    "error-newer-schema": code("This store was written by a newer nbyard; it was left untouched."),
    "error-damaged": code("Stored bytes do not match their digest."),
}

# the messages of refusals by the server, before an operation runs
REFUSALS = {
    "request-unreadable": code("The request cannot be read."),
    "request-unreadable-because": code("The request cannot be read. {problem}", problem=REASON),
    "login-needed": code("Log in first."),
    "access-refused": code("You may not do this, or your login has expired."),
    "access-refused-because": code("You may not do this. {problem}", problem=REASON),
    "signed-in-as-other": code(
        "You are signed in as {name}, who may not use this server.", name=str
    ),
    "request-of-other-page": code("The server refuses requests from pages of other origins."),
    "request-without-origin": code(
        "Send your Jupyter token in the header “Authorization: token …”."
        " The page of a browser sends the header Origin instead."
    ),
    "address-not-found": code("Address not found."),
    "method-not-allowed": code("Method not allowed."),
    "length-needed": code("Requests with this method need the header Content-Length."),
    "length-not-plain": code("Content-Length must be one number without a sign."),
    "body-over-limit": code("The body is too large."),
}

REQUESTS = {
    "body-missing": code("A body is needed."),
    "body-too-large": code("The body has more than {most:,} bytes.", most=int),
    "body-of-other-type": code("Send the body as application/json."),
    "body-of-other-encoding": code("Send the body uncompressed or with gzip."),
    "body-not-gzip": code("The body is not a gzip stream."),
    "body-gzip-cut": code("The gzip stream in the body is incomplete."),
    # the message of msgspec, with a suggestion
    "schema-mismatch": code("{message}", message=str),
    "text-has-nul": code("the text contains a NUL character"),
    "unknown-operation": code(
        "is not an operation. GET /nbyard/api/openapi.json lists all operations"
    ),
    "unknown-query-parameter": code("is not a parameter of this operation"),
    "query-parameter-missing": code("is needed"),
    "parameter-not-utf8": code("is not UTF-8 text"),
    "not-an-idempotency-key": code("may have at most 200 characters, all of them printable"),
    "byte-count-needed": code("a whole number of bytes is needed"),
    "whole-number-needed": code("a whole number is needed"),
    "scope-missing": code("This needs the scope {scope}.", scope=str),
}

PROXY = {
    "port-without-websockets": code(
        "The port {port} of {name} does not accept WebSockets.", port=str, name=str
    ),
    "service-worker-refused": code(
        "Service workers are allowed only for images that ide_images trusts."
    ),
    "pass-of-other-deployment": code("This pass is for another deployment."),
    "port-silent": code("{name} does not respond at its port {port}.", name=str, port=str),
    "response-cut": code("{name} closed the connection before it responded.", name=str),
}

SERVERS = {
    "token-file-open": code("Other users can read {path}: run chmod 600 on it", path=str),
}


STORE = {
    "database-refused": code("The database returned an error: {message}", message=str),
    "database-refuses": code("PostgreSQL refuses the connection: {message}.", message=str),
    "database-no-driver": code("The PostgreSQL driver is not installed."),
    "database-silent": code("The database does not respond; try again in a moment."),
    "database-silent-because": code(
        "The database does not respond; try again in a moment. PostgreSQL says: {message}.",
        message=str,
    ),
    "disk-full-for-store": code("disk full: the store cannot be written"),
    "unusable-store": code(
        "The store in {folder} cannot be used: {cause}.", folder=str, cause=REASON
    ),
    "store-of-other-user": code(
        "The store in {folder} cannot be used by {user}: its folder belongs to {owner}.",
        folder=str,
        user=str,
        owner=str,
    ),
    "store-folder-not-made": code("its folder cannot be created ({message})", message=str),
    "store-folder-read-only": code("its folder cannot be written"),
    "store-folder-has-strange-file": code(
        "other users can write to its folder, and {file} belongs to {owner}", file=str, owner=str
    ),
    # `file` is the first of them
    "store-folder-not-empty": code(
        "its folder contains other files ({file}) and no store", file=str
    ),
    # `mode` is octal
    "store-folder-is-open": code("other users can write to its folder (mode {mode})", mode=str),
    "store-folder-stays-open": code(
        "other users can open its folder (mode {mode}), and its file system keeps that mode",
        mode=str,
    ),
    "database-gone": code("its database store.sqlite is empty or gone"),
    "database-log-gone": code("the log store.sqlite-wal with its newest changes is gone"),
    "database-damaged": code("its database is damaged ({message})", message=str),
    "migration-cut": code(
        "a migration of its database was interrupted: no schema version is recorded"
    ),
}

KEYS = {
    "credential-key-missing": code(
        "Credentials here were encrypted with a key ({key}) that is missing.", key=str
    ),
    "credential-of-other-key": code(
        "The credential '{name}' was encrypted with another key ({key}).", name=str, key=str
    ),
    "credential-changed-outside": code(
        "The credential '{name}' was changed outside of nbyard.", name=str
    ),
    "no-key-in-place": code("{place} holds no key.", place=str),
    "key-of-other-length": code(
        "A key in {place} is not {length} bytes long.", place=str, length=int
    ),
}

ACCESS = {**CLASSES, **REFUSALS, **REQUESTS, **PROXY, **SERVERS, **STORE, **KEYS}
