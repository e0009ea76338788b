"""The runner: the program that carries out an attempt where the work is done.

It uses the standard library only (papermill and nbclient for notebooks) and runs on Python 3.9 or
newer. It imports no other package of nbyard, so the folder can be copied anywhere. The attempt
folder is the whole contract (domain/attempts/structs.py).

`python runner/__main__.py FOLDER` detaches from the terminal. Options:

- `--foreground` stays in the foreground.
- `--alone` is for a container of its own: it also kills every other process there.
- `--serve` does the same for one attempt after the other.

    (parent ─▶) supervisor ─▶ a command
                           └▶ a runner of functions
                           └▶ a runner of notebooks ─▶ a kernel, forked or spawned

The folders, each of which uses only those below it:
    prefork               what is prepared before an attempt, only for speed
    supervision           the supervisor: log, limits, usage and result of an attempt
    work                  the process of the work, its outputs and its failure
    kernels               kernels of notebooks, spawned or forked, and their clients
    handoff               `import nbyard` for the work
    pythonpath_shim       makes it importable where nbyard is not installed
    process               processes, forks, pipes and clocks of the operating system

Beside them:
    __main__              command line
    container_main        runs attempts in a container of its own
    attempt_folder        task, events and result in the attempt folder
    secret_files          keeps secrets in memory
    secret_masking        hides secrets in everything that is written
    reasons               codes of failures, with their parameters
"""
