"""Why a program ended, from its output."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.deployment_status import LAST_LINES, failure_line

STAMP = "2026-11-22 07:15:41,392"
BROKEN = f"""{STAMP} INFO Started server process [7]
{STAMP} CRITICAL the model cannot continue
Traceback (most recent call last):
  File "/opt/nbyard/lib/nbyard/serving/http/micro_batches.py", line 128, in _run
    predict = self._load()
              ^^^^^^^^^^^^
RuntimeError: weights.bin is not there
{STAMP} INFO Shutting down
{STAMP} INFO Waiting for application shutdown.
{STAMP} INFO Application shutdown complete.
{STAMP} INFO Finished server process [7]
"""
REFUSED = f"""{STAMP} INFO Uvicorn running on http://0.0.0.0:5000 (Press CTRL+C to quit)
{STAMP} WARNING the model's answer does not fit: field 'y': has 1 rows for 2
"""
FAILED = f"""{STAMP} INFO Application startup complete.
{STAMP} ERROR a request failed
Traceback (most recent call last):
  File "/model.py", line 3, in predict
ValueError: x is negative

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/opt/nbyard/lib/nbyard/serving/http/micro_batches.py", line 148, in _alone
nbyard.serving.models.ModelFailed: the model raised ValueError: x is negative
"""
NOT_STARTED = """INFO:     Started server process [1]
INFO:     Waiting for application startup.
ERROR:    Traceback (most recent call last):
  File "/app.py", line 2, in lifespan
    raise RuntimeError("no database")
RuntimeError: no database

ERROR:    Application startup failed. Exiting.
"""
GUNICORN = """[2026-11-22 07:15:41 +0000] [7] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/app.py", line 1, in <module>
ModuleNotFoundError: No module named 'flask'
[2026-11-22 07:15:41 +0000] [7] [INFO] Worker exiting (pid: 7)
[2026-11-22 07:15:41 +0000] [1] [ERROR] Shutting down: Master
[2026-11-22 07:15:41 +0000] [1] [ERROR] Reason: Worker failed to boot.
"""
HUNG = """2026-11-22 07:15:41,392 INFO Application startup complete.
Timeout (0:03:00)!
Thread 0x00007f1bd1000040 (most recent call first):
  File "/model.py", line 9 in predict
  File "/opt/nbyard/lib/nbyard/serving/http/micro_batches.py", line 148 in _alone
  File "/usr/lib/python3.12/threading.py", line 1012 in run
  File "/usr/lib/python3.12/threading.py", line 1030 in _bootstrap

Thread 0x00007f1bd218e040 (most recent call first):
  File "/usr/lib/python3.12/selectors.py", line 468 in select
  File "/opt/nbyard/lib/nbyard/serving/http/app.py", line 9 in main

Extension modules: numpy.core (total: 1)
"""
# The program's own `dump_traceback_later(30)`, which it survived.
DUMPED = """Timeout (0:00:30)!
Thread 0x00007f1bd218e040 (most recent call first):
  File "/model.py", line 9 in load
"""
ANSWERED = 'INFO:     127.0.0.1:1 - "POST /predict HTTP/1.1" 200 OK\n'
CRASHED = """Fatal Python error: Segmentation fault

Current thread 0x00007f1bd218e040 [python3] (most recent call first):
  File "/model.py", line 9 in predict

Extension modules: numpy.core (total: 1)
"""
NODE = """/app/x.js:3
throw new Error("boom")
^

Error: boom
    at Object.<anonymous> (/app/x.js:3:7)
    at node:internal/main/run_main_module:28:49

Node.js v20.1.0
"""
FLASK = """ERROR in app: Exception on /predict [POST]
Traceback (most recent call last):
  File "/app.py", line 1, in predict
KeyError: 'x'
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BROKEN, "RuntimeError: weights.bin is not there"),
        (REFUSED, ""),
        (FAILED, ""),
        (FAILED + BROKEN, "RuntimeError: weights.bin is not there"),
        (NOT_STARTED, "RuntimeError: no database"),
        (GUNICORN, "ModuleNotFoundError: No module named 'flask'"),
        (NODE, "Error: boom"),
        (FLASK, ""),
        (HUNG, 'Timeout (0:03:00)! File "/model.py", line 9 in predict'),
        ("Timeout (0:03:00)!\n", "Timeout (0:03:00)!"),
        (DUMPED * 2, 'Timeout (0:00:30)! File "/model.py", line 9 in load'),
        (DUMPED + ANSWERED + BROKEN, "RuntimeError: weights.bin is not there"),
        (DUMPED + BROKEN, "RuntimeError: weights.bin is not there"),
        (DUMPED + f"{STAMP} INFO loaded\n", ""),
        (CRASHED, "Fatal Python error: Segmentation fault"),
        ("one\nboom\n", "boom"),
        ("boom\n" + f"{STAMP} INFO later\n", "boom"),
        (f"{STAMP} ERROR port 80 is taken\n", "ERROR port 80 is taken"),
        ("  File 'x.py', line 1\n    x(\n     ^\nSyntaxError: '(' was never closed\n",
         "SyntaxError: '(' was never closed"),
        ("Error in f() : no cows\nCalls: f\nExecution halted\n", "Error in f() : no cows"),
        ('boom\nINFO: 10.0.0.1 - "GET / HTTP/1.1" 200 OK\n', ""),
        ("[I 2026-11-22 07:15:41 ServerApp] Shutting down\nlevel=info msg=bye\n", ""),
        ('{"level": "warning", "msg": "low"}\napp - INFO - done\n', ""),
        ("Traceback (most recent call last):\n  File\nValueError: INFO is no level\n",
         "ValueError: INFO is no level"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_exception_or_the_last_meaningful_line_is_the_reason(text, words):
    assert failure_line(text) == words


def test_survived_errors_are_no_reason():
    early = "Traceback (most recent call last):\n  File\nImportError: no accelerator\n"
    assert failure_line(early) == "ImportError: no accelerator"
    assert failure_line(early + "step done\n" * 4 + "no space left\n") == "no space left"
    assert failure_line(early + f"{STAMP} INFO step\n" * LAST_LINES) == ""


@given(st.text())
def test_any_text_has_one_line_or_none(text):
    found = failure_line(text)
    assert "\n" not in found and (not found or found in text)
