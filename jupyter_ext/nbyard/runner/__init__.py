"""The runner: the program that carries out an attempt on the machine or container where it runs.

The runner uses the standard library only (papermill and nbclient for notebooks) and runs on Python
3.9 or newer. It imports no other package of nbyard, so this folder can be copied anywhere. The
attempt folder is its only interface to nbyard (domain/attempts/structs.py).

`python runner/__main__.py FOLDER` detaches from the terminal. Options:

- `--foreground` stays in the foreground.
- `--alone` is for a container of its own: the runner also kills every other process there.
- `--serve` is like `--alone`, for several attempts, one after the other.

    (parent ─▶) supervisor ─▶ a command
                           └▶ a runner of functions
                           └▶ a runner of notebooks ─▶ a kernel, forked or spawned

The folders, each of which uses only those below it:
    prefork               prepares processes before an attempt, only for speed
    supervision           the supervisor: log, limits, usage and result of an attempt
    work                  the process of the work, its outputs and its failure
    kernels               kernels of notebooks, spawned or forked, and their clients
    handoff               the module that the work gets with `import nbyard`
    pythonpath_shim       makes `import nbyard` work where nbyard is not installed
    process               processes, forks, pipes and clocks of the operating system

Beside them:
    __main__              command line
    container_main        runs attempts in a container of its own
    attempt_folder        task, events and result in the attempt folder
    secret_files          stores secrets in memory
    secret_masking        hides secrets in everything that is written
    reasons               codes of failures, with their parameters
"""
