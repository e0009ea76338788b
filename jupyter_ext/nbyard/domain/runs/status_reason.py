"""The reason for the state of a task, as one sentence in its row.

The parts that another dispatcher or the browser must find again are written and parsed here.

    attempt 1 failed: no route – waits for a GPU        queued, to be tried again
    runs because it was forced – waits: it is built     preparing, behind what it waits for

`src/runs/reducer.ts` parses the second part as well; tests/cases/reasons.json tests both.
"""

WAITS = " – waits: "
TURN = "waits for its turn"
ATTEMPT = "attempt "


def after_attempt(number: int, how: str, message: str) -> str:
    """Return the reason of a retried task: the outcome of an attempt, `how` as in "failed"."""
    return f"{ATTEMPT}{number} {how}: {message}"


def attempt_before(reason: str) -> str:
    """Return the outcome of the previous attempt of a queued task; "" without an attempt."""
    before = reason.partition(" – wait")[0]
    return before if before.startswith(ATTEMPT) else ""


def queued(reason: str, words: str) -> str:
    """Return why a task is queued, such as "waits for a slot".

    The outcome of the previous attempt comes first, if the present reason contains it.
    """
    before = attempt_before(reason)
    if not before:
        return words
    return f"{before} – {words}" if words.startswith("wait") else f"{before}{WAITS}{words}"


def going_on(reason: str, rows: int) -> str:
    """Return the reason of a task that continues after the rows of an earlier attempt.

    `rows` is the number of rows that the earlier attempt had predicted.
    """
    why, waits, words = reason.partition(WAITS)
    return f"{why}; it goes on behind {rows} rows that are there already{waits}{words}"


def waiting(reason: str, words: str) -> str:
    """Return the reason with what the task waits for now; without it if `words` are empty."""
    why = reason.partition(WAITS)[0]
    return f"{why}{WAITS}{words}" if words else why
