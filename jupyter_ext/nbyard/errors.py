"""All errors, as one tree.

    NbyardError                 500 internal
    ├── BadRequest              400 bad-request
    ├── Forbidden               403 forbidden
    │   ├── PolicyRefused       403 policy
    │   └── OverQuota           403 over-quota
    ├── NotFound                404 not-found
    ├── Conflict                409 conflict
    │   ├── NameTaken           409 name-taken
    │   ├── StaleWrite          409 stale
    │   └── InUse               409 in-use
    ├── TooLarge                413 too-large
    ├── UnsupportedContent      415 unsupported-content
    ├── Invalid                 422 invalid
    ├── TooOften                429 too-often
    ├── Busy                    503 busy
    ├── Unavailable             503 unavailable
    │   └── StoreUnusable       503 store-unusable
    │       └── NewerSchema     503 newer-schema
    └── Damaged                 500 damaged

Each class has an HTTP status and a stable code. Its docstring is the default message.
"""

import errno
from collections.abc import Iterable, Sequence

import msgspec

from nbyard.reasons.structs import Reason, because, text_reason


class Detail(msgspec.Struct, frozen=True):
    """One refused field: where it is and what is wrong with it."""

    path: str
    message: str
    reason: Reason | None = None

    @property
    def why(self) -> Reason:
        """Return the reason; most details have only a message."""
        return self.reason or because("text", text=self.message)

    @classmethod
    def of(cls, path: str, why: Reason | str) -> "Detail":
        """Return the detail of a field that is refused for this reason."""
        return cls(path, str(why), None if isinstance(why, str) else why)


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every error response."""

    code: str
    message: str
    hint: str = ""
    details: list[Detail] = []
    request_id: str = ""
    reason: Reason | None = None
    hint_reason: Reason | None = None


class NbyardError(Exception):
    """Something unexpected went wrong in nbyard."""

    status = 500
    code = "internal"

    def __init_subclass__(cls, *, status: int = 0, code: str = "") -> None:
        """Set the HTTP status and the code of a class; omitted ones are those of its parent."""
        super().__init_subclass__()
        if status:
            cls.status = status
        if code:
            cls.code = code

    def __init__(
        self,
        why: Reason | str = "",
        *,
        hint: Reason | str | None = None,
        details: Iterable[Detail] = (),
    ):
        if isinstance(why, str):
            why = because("error", error=self.code, message=why) if why else self.default()
        self.reason = why
        self.message = str(why)
        self.hint_reason = text_reason(hint) if isinstance(hint, str) else hint
        self.hint = str(self.hint_reason or "")
        self.details = list(details)
        super().__init__(self.message)

    @classmethod
    def default(cls) -> Reason:
        """Return the reason of an error that gives none: its class."""
        return because("error", error=cls.code, message=(cls.__doc__ or "").strip())

    @property
    def words(self) -> str:
        """Return message and hint as one text."""
        stop = "." if self.hint and not is_sentence(self.message) else ""
        return f"{self.message}{stop} {self.hint}".strip()

    def body(self, request_id: str = "") -> ErrorBody:
        reasons = self.reason, self.hint_reason
        return ErrorBody(self.code, self.message, self.hint, self.details, request_id, *reasons)


class BadRequest(NbyardError, status=400, code="bad-request"):
    """The request body cannot be read."""


class Forbidden(NbyardError, status=403, code="forbidden"):
    """You may not do this."""


class PolicyRefused(Forbidden, code="policy"):
    """The administrator's policy does not allow this."""


class OverQuota(Forbidden, code="over-quota"):
    """Your quota does not allow this."""


class NotFound(NbyardError, status=404, code="not-found"):
    """Not found."""


class Conflict(NbyardError, status=409, code="conflict"):
    """Not allowed in the current state."""


class NameTaken(Conflict, code="name-taken"):
    """This name is already taken."""


class StaleWrite(Conflict, code="stale"):
    """Somebody changed this since you read it."""


class InUse(Conflict, code="in-use"):
    """Something else still uses this."""


class TooLarge(NbyardError, status=413, code="too-large"):
    """This is larger than allowed."""


class UnsupportedContent(NbyardError, status=415, code="unsupported-content"):
    """This kind of content is not accepted here."""


class Invalid(NbyardError, status=422, code="invalid"):
    """A field was refused."""

    @classmethod
    def field(cls, path: str, why: Reason | str, *, hint: Reason | str | None = None) -> "Invalid":
        """Return the error for one refused field.

        `path` is its place in the body, such as `arguments.2.name`.
        """
        return cls(
            because("field", path=path, reason=why), hint=hint, details=[Detail.of(path, why)]
        )

    @classmethod
    def fields(cls, details: Sequence[Detail], *, hint: Reason | str | None = None) -> "Invalid":
        """Return the error for several refused fields; its message is that of the first."""
        first = details[0]
        return cls(because("field", path=first.path, reason=first.why), hint=hint, details=details)


class TooOften(NbyardError, status=429, code="too-often"):
    """Too many requests in a short time."""

    retry_after = 60  # seconds until a request may succeed


class Busy(NbyardError, status=503, code="busy"):
    """The store is busy; try again in a moment."""


class Unavailable(NbyardError, status=503, code="unavailable"):
    """A service that this needs cannot be reached."""


class DatabaseAway(Unavailable):
    """The database does not answer; the store has logged why."""


class StoreUnusable(Unavailable, code="store-unusable"):
    """The store cannot be used."""


class NewerSchema(StoreUnusable, code="newer-schema"):
    """This store was written by a newer nbyard; it was left untouched."""


class Damaged(NbyardError, code="damaged"):
    """Stored bytes do not match their digest."""


def error_classes() -> dict[str, type[NbyardError]]:
    """Return every class by its code."""
    classes: dict[str, type[NbyardError]] = {}
    todo: list[type[NbyardError]] = [NbyardError]
    while todo:
        cls = todo.pop()
        # DatabaseAway, for example, has the code of its parent, which comes first here.
        classes.setdefault(cls.code, cls)
        todo.extend(cls.__subclasses__())
    return classes


def reason_of(error: NbyardError | OSError) -> Reason:
    """Return the reason that an error gives, with its hint; also for errors of the system."""
    if not isinstance(error, NbyardError):
        symbol = errno.errorcode.get(error.errno or 0, "")
        return because("system-error", error=symbol, message=error.strerror or str(error))
    if error.hint_reason is None:
        return error.reason
    return with_hint(error, error.reason, error.hint_reason)


def with_hint(error: NbyardError, message: Reason, hint: Reason) -> Reason:
    """Return a message about an error and its hint as one reason of two sentences."""
    # Messages of other programs often end without a full stop.
    code = "error-with-hint" if is_sentence(str(message)) else "error-then-hint"
    return because(code, error=error.code, message=message, hint=hint)


def is_sentence(text: str) -> bool:
    """Return whether a text ends as a sentence does."""
    return text.endswith((".", "!", "?", "…"))


def waits_for_engine(error: NbyardError) -> Reason:
    """Return what a task waits for while an engine or a disk is unavailable."""
    return because("waits-for-engine", error=error.code, message=error.message)


def words_of(error: NbyardError | OSError) -> str:
    """Return the error as one text; for errors of the system, only the reason."""
    if isinstance(error, NbyardError):
        return error.words
    return error.strerror or str(error)
