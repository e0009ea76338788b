"""The reader process: questions arrive as JSON lines on stdin, answers go to stdout.

It exits when it gets no question for long, or when the asking process is gone.
"""

import os
import queue
import resource
import sys
import threading

import msgspec

from nbyard.domain.datasets.table_descriptions import BrokenTable
from nbyard.errors import Invalid, NbyardError
from nbyard.reasons.structs import Reason, because
from nbyard.tabular.format_detection import promises_table
from nbyard.tabular.reader_answers import Question, answer_question

MAX_WORDS = 300


class Reply(msgspec.Struct, omit_defaults=True):
    """An answer, or the reason why there is none.

    With `broken`, the file's name promises a table that the file does not contain. With
    `permanent`, the content was checked and refused, so another attempt is useless.
    """

    answer: msgspec.Raw | None = None
    problem: Reason | None = None
    broken: bool = False
    permanent: bool = False


def main(memory_bytes: int, idle_seconds: float) -> None:
    """Answer questions until stdin closes or none comes for `idle_seconds`."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    # A core dump would contain the user's data and fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(questions,), daemon=True).start()
    while True:
        try:
            line = questions.get(timeout=idle_seconds)
        except queue.Empty:
            return
        sys.stdout.buffer.write(msgspec.json.encode(reply_to(line)) + b"\n")
        sys.stdout.buffer.flush()


def _listen(questions: "queue.Queue[bytes]") -> None:
    # Unbuffered: this thread would hold a buffer's lock forever, and Python would crash at exit.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as file:
        for line in file:
            questions.put(line)
    # The asking process is gone, so the current answer is useless, however long it still takes.
    os._exit(0)


def reply_to(line: bytes) -> Reply:
    """Answer one question; if the file cannot be read, the reply has the reason."""
    question = msgspec.json.decode(line, type=Question)
    try:
        return Reply(msgspec.Raw(msgspec.json.encode(answer_question(question))))
    except NbyardError as problem:
        broken = isinstance(problem, BrokenTable) and promises_table(question.filename)
        return Reply(None, problem.reason, broken, permanent=isinstance(problem, Invalid))
    except RecursionError:
        return Reply(problem=because("table-too-deep"), permanent=True)
    except MemoryError:
        return Reply(problem=because("table-beyond-memory"))
    except _library_errors() as problem:
        message = str(problem).strip().partition("\n")[0][:MAX_WORDS]
        # Another version of the library may read it.
        return Reply(problem=because("table-unreadable", message=message))


def _library_errors() -> tuple[type[Exception], ...]:
    errors: list[type[Exception]] = [OSError, ValueError, ArithmeticError, LookupError, TypeError]
    # Only modules that are loaded can raise: a page of text needs neither.
    for module, name in (("polars.exceptions", "PolarsError"), ("fastexcel", "FastExcelError")):
        if module in sys.modules:
            errors.append(getattr(sys.modules[module], name))
    return tuple(errors)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
