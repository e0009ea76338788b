"""The program that stands where the work is done.

Standard library only (papermill and nbclient where a notebook is run), Python 3.9 or newer, and
nothing of nbyard: the folder can be copied anywhere. `python runner/__main__.py FOLDER` detaches;
with `--foreground` it stays; with `--alone`, for a container of its own, it also ends every other
process there; with `--serve` it does so for one attempt after the other. The attempt folder is the
whole contract (domain/attempts/structs.py).

    (parent ─▶) supervisor ─▶ a command
                           └▶ a runner of functions
                           └▶ a runner of notebooks ─▶ a kernel, forked or started

Where it begins:
    __main__              the command line
    start                 detaches, and becomes a supervisor
    alone                 in a container of its own
    standby               in a container that others had before

Beside the work:
    supervisor            keeps its log, its limits, its end
    worker                the same for a runner of functions, which has many attempts
    folder                task, events and result in the attempt's folder
    log                   what it prints
    limits                how much memory it may hold
    usage                 what it uses over time
    watch                 which files of its code it reads
    verdict               what became of it, in words
    found, evaluate       outputs that a program left somewhere, and what refers to them
    masks, memory         secrets: hidden in all that is written, kept in memory
    guard                 ends what a supervisor leaves that was killed
    reserve               space for the result when the disk is full
    processes             who descends from whom, and who is still the same
    clock                 time that nobody sets

The work:
    work                  from a task to a process
    report                what it tells its supervisor
    notebook              the runner of a notebook
    session               its cells, in its kernel
    parameters            values into a notebook
    started               a kernel that is started as its specification says
    kernel, forked        one that is forked instead: its client, and the fork itself
    direct, wire          what that one is made of, and how it speaks with its runner
    printed               what is printed in its process by other than its own Python
    function, calls       the runner of functions: one call, and one after the other
    returned              from what a function returned to files
    handoff, beside       `import nbyard` for the work, where it is installed and where it is not

Ready before it is asked for, which only makes it quicker:
    parent                forks supervisors, and ends what they leave
    prepared              what it has imported, and how a fork of it becomes somebody
    prebuilt, rehearsal   a kernel that is built before, and tried once
    crew                  supervisors of commands that stay for the next one
    ahead                 a supervisor whose runner and kernel wait to hear whose they are
    pool                  how many of those, of which kernels
    foreign, claimed      kernels that are no forks of ours, and how one becomes an attempt's
    languages             what that takes in each language
    spared                what is not imported, for nothing here uses it
"""
