"""Why a value, a name, a file or an address is refused: its type, its form or its limit."""

from nbyard.reasons.codes.code import NUMBER, REASON, code

NAMES = {
    "not-text": code("must be text"),
    "empty": code("may not be empty"),
    "too-long": code("may have at most {most} characters", most=int),
    "too-many-characters": code(
        "may have at most {most} characters, but has {count}", most=int, count=int
    ),
    "too-many-bytes": code("may have at most {most} bytes", most=int),
    "too-many-kib": code("may have at most {most} KiB", most=int),
    "not-one-line": code("must be one line"),
    "control-characters": code("may not contain control characters"),
    "outer-space": code("may not begin or end with a space"),
    "slash-in-name": code("may not contain / or \\"),
    "dots-as-name": code("may not be . or .."),
    "dash-first": code("may not begin with -"),
    "lone-surrogate": code("is not valid Unicode (lone surrogate at {place})", place=int),
    "control-character": code(
        "may not contain control characters ({character} at {place})", character=str, place=int
    ),
    "invisible-character": code(
        "may not contain invisible characters ({character} at {place})", character=str, place=int
    ),
    "too-many-marks": code("may have at most {most} combining marks in a row", most=int),
    "folder-in-filename": code("must be a plain file name without folders"),
    "no-relative-path": code("{path} is not a plain relative path", path=str),
    "characters-in-path": code("{path} has characters that a file name may not have", path=str),
}

NUMBERS = {
    "not-between": code("must be between {least} and {most}", least=NUMBER, most=NUMBER),
    "number-from-to-needed": code("a number from {least} to {most} is needed", least=int, most=int),
    "negative": code("may not be negative"),
    "beyond-64-bits": code("does not fit into 64 bits"),
    "number-beyond-64-bits": code("the number does not fit into 64 bits"),
    "number-too-large": code("the number is too large"),
    "given-number-too-large": code("the number {number} is too large", number=str),
    "not-a-time": code(
        "{given} is not a date or time. Write 2026-11-25 or 2026-11-25T08:00+01:00", given=str
    ),
    "runs-to-compare": code(
        "must list {least} to {most} runs, not {count}", least=int, most=int, count=int
    ),
    "number-not-finite": code("the number must be finite"),
}

# values of arguments; `given` is what was given in place of the right type
TYPES = {
    "given-boolean": code("true or false"),
    "given-integer": code("a whole number"),
    "given-number": code("a number"),
    "given-any-text": code("text"),
    "given-text": code("{text}", text=str),
    "given-object": code("an object"),
    "given-type": code("a {type}", type=str),
    "value-needed": code("a value is needed"),
    "value-not-null": code("a value is needed, not null"),
    "path-needed": code("a file or folder path is needed"),
    "text-needed": code("text is needed, not {given}", given=REASON),
    "integer-needed": code("a whole number is needed, not {given}", given=REASON),
    "number-needed": code("a number is needed, not {given}", given=REASON),
    "boolean-needed": code("true or false is needed, not {given}", given=REASON),
    "list-needed": code("a list is needed, not {given}", given=REASON),
    "json-list-needed": code("a JSON list is needed, not {given}", given=REASON),
    "json-needed": code("JSON text is needed, not {given}", given=REASON),
    "credential-needed": code("the name of a credential is needed"),
    "object-needed": code("an object is needed"),
    "true-or-false-needed": code("true or false is needed"),
    "quotes-needed": code("text is needed: put it in quotes"),
    "needed": code("is needed"),
    "missing": code("is missing"),
    "empty-or-too-long": code("is empty or too long"),
    "object-with-fields": code("an object with the fields {fields:, } is needed", fields=list),
    "object-with": code("an object with {fields: and } is needed", fields=list),
    "no-such-field-near": code("unknown field; did you mean {near}?", near=str),
    "no-such-field-among": code("unknown field; known fields: {known:, }", known=list),
    "no-field": code("unknown field {name}; did you mean {near}?", name=str, near=str),
    # the message of the library that converts JSON
    "wrong-shape": code("{message}", message=str),
    "not-json-value": code("{given} is not a JSON value", given=REASON),
    "not-among": code("must be one of {known:, }", known=list),
    "nul-in-text": code("the text contains a NUL character"),
    "half-surrogate-in-text": code("the text contains half of a surrogate pair"),
    "text-too-long": code("the text is longer than {most} characters", most=int),
    "too-deep": code("nested deeper than {most} levels", most=int),
}

# bodies of requests, JSON, YAML and Python files
FILES = {
    "at-line": code("line {line}: {problem}", line=int, problem=REASON),
    "syntax-error": code("line {line}: {message}", line=int, message=str),
    "larger-than-mib": code("is larger than {most} MiB", most=int),
    "not-utf8": code("is not UTF-8 text (byte {byte})", byte=int),
    "unknown-version": code("version {version} is not known; upgrade nbyard", version=str),
    "not-python": code("cannot be read as Python: {message}", message=str),
    "file-empty": code("the file is empty"),
    "key-twice": code("the key {key} appears twice in one object", key=str),
    "half-surrogate": code("half of a surrogate pair"),
    "body-not-utf8": code("This is not UTF-8 text."),
    "body-too-deep": code("The body is nested deeper than {most} levels.", most=int),
    "not-json": code("This is not valid JSON: {message}", message=str),
    "not-json-number": code("{text} is not a JSON number.", text=str),
    "json-half-surrogate": code("A text contains half of a surrogate pair."),
    "json-key-twice": code("The key {key} appears twice in one object.", key=str),
    "json-number-too-large": code("The number {number} is too large.", number=str),
    "too-many-digits": code("A number has more than {most} digits.", most=int),
    "not-yaml": code("is not valid YAML: {message}", message=str),
    "yaml-second-document": code("a second document; one is expected"),
    "yaml-tag": code("the tag {tag} is not supported", tag=str),
    "yaml-too-many-values": code(
        "more than {most} values, those of aliases counted each time", most=str
    ),
    "yaml-alias-in-itself": code("the alias *{alias} contains itself", alias=str),
    "no-yaml-anchor": code("there is no anchor &{anchor}", anchor=str),
    "yaml-key-not-plain": code("a key must be a plain text"),
    "yaml-key-needs-quotes": code("the key {key} must be put in quotes", key=str),
}

ADDRESSES = {
    "not-url": code("must be a URL"),
    "malformed-url": code("is not a URL"),
    "characters-in-key": code(
        "may have only visible ASCII characters in its key, such as letters and digits"
    ),
    "blanks-in-url": code("may not contain spaces, backslashes or control characters"),
    "login-in-url": code("may not contain a user name or password"),
    "chained-protocols": code("may not chain protocols"),
    "unknown-scheme": code("must begin with one of {schemes:, }", schemes=list),
    "dots-in-key": code("may not contain .. in its key"),
    "password-in-url": code("may not contain a password"),
    "dot-segments-in-key": code("may not contain . or .. in its key"),
    "key-too-long": code("may have at most {most} bytes in its key", most=int),
    "no-bucket": code("has no valid S3 bucket: write s3://CREDENTIAL@bucket/key"),
    "no-object": code("must refer to an object, not to a folder: write s3://CREDENTIAL@bucket/key"),
    "no-credential-in-url": code("has no credential: write s3://CREDENTIAL@bucket/key"),
    "endpoint-not-http": code(
        "the endpoint of the credential {credential} is not an http(s) address", credential=str
    ),
    "not-region": code("the credential {credential} has an invalid region", credential=str),
    "no-host": code("has no host"),
    "malformed-host": code("has an invalid host"),
    "percent-in-host": code("may not contain percent signs in its host"),
    "malformed-port": code("has an invalid port"),
    "malformed-port-of": code("{entry} has an invalid port", entry=str),
    "malformed-address": code("has an invalid address"),
    "network-interface": code("may not contain a network interface"),
    "unusual-address": code("must have its IPv4 address as four decimal numbers"),
    "private-host": code("{host} is a private host", host=str),
    "leads-to-private": code(
        "{host} resolves to {address}, {kind}", host=str, address=str, kind=REASON
    ),
    "metadata-service": code("a metadata service"),
    "special-address": code("a special address ({kind})", kind=str),
    "private-address": code("a private address"),
    "other-protocol": code("port {port} belongs to another protocol", port=int),
    "host-without-address": code("{host} has no address", host=str),
}

CREDENTIALS = {
    "not-of-kind": code("unknown field; {kind} has the fields: {known:, }", kind=str, known=list),
    "not-registry": code("is not a registry address such as registry.example.org:5000"),
    "line-not-variable": code("line {line} is not NAME=value", line=int),
    "s3-login-not-plain": code(
        "An access key ID and a session token may contain only printable ASCII characters."
    ),
    "no-credential-named": code("there is no credential of that name"),
}

VALUES = {**NAMES, **NUMBERS, **TYPES, **FILES, **ADDRESSES, **CREDENTIALS}
