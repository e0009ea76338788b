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

Entry points:
    __main__              command line
    start                 detaches and becomes a supervisor
    alone                 runs attempts in a container of its own
    standby               keeps a warm runner in a container that serves many attempts

Around the work:
    supervisor            keeps the log, the limits and the result of an attempt
    worker                the same for a runner of functions, which has many attempts
    folder                task, events and result in the attempt folder
    log                   stores what the work prints
    limits                limits the memory of the work
    usage                 samples the resources that the work uses
    watch                 records which files of its code the work reads
    verdict               turns the end of the work into a result or a failure
    found, evaluate       collect the outputs of commands, evaluate expressions on them
    masks, memory         hide secrets in everything written, keep secrets in memory
    guard                 cleans up after a supervisor that was killed
    reserve               reserves disk space for the result
    processes             finds and identifies processes and their descendants
    clock                 time that ignores changes of the system clock

The work:
    work                  starts the process of a task
    report                sends the progress of the work to its supervisor
    notebook              runs a notebook
    session               runs the cells of a notebook in its kernel
    parameters            writes values into a notebook
    started               a kernel that is spawned as its specification says
    kernel, forked        client and server of a kernel that is forked instead
    direct, wire          the forked kernel, and its protocol with the runner
    printed               output written to file descriptors without Python
    function, calls       call one function, or one function after the other
    returned              writes the return values of functions to files
    handoff, beside       `import nbyard` for the work, with and without nbyard installed

Prepared in advance, only for speed:
    parent                forks supervisors and cleans up after them
    prepared              imports modules early, and sets up forks of the process
    prebuilt, rehearsal   build a kernel early, and warm it up once
    crew                  keeps supervisors of commands for further attempts
    ahead                 a supervisor whose runner and kernel wait for an attempt
    pool                  decides how many of those wait, and for which kernels
    foreign, claimed      warm kernels that are not forks, and how an attempt claims one
    languages             how to claim a kernel in each language
    spared                replaces imports that the runner does not use
"""
