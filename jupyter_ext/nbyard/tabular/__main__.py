"""The reader process: reads questions as JSON lines from stdin, and writes answers to stdout.

It exits after a long time without a question, or when the process that asks has ended.
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
    """The answer to a question, or the problem that prevented one."""

    answer: msgspec.Raw | None = None
    problem: Reason | None = None
    broken: bool = False  # the file's name promises a table that the file does not contain
    permanent: bool = False  # the content was checked and refused: another try would fail, too


def main(memory_bytes: int, idle_seconds: float) -> None:
    """Answer questions until stdin is closed or none comes for `idle_seconds`.

    The process may use at most `memory_bytes`.
    """
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
    """Answer one question, which is a line of JSON.

    The reply may be the reason why that failed.
    """
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
