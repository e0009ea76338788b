"""Everything that happens: the dispatcher makes the store's intent true.

One thread, the loop, decides what becomes of runs and writes it; others do what takes long, and
tell what they found out. Whatever is done can be done again: that it is to be done is written
before.

    store ─▶ loop ─▶ controllers ─▶ one transaction ─▶ threads ─▶ facts ─▶ loop

The process:
    __main__              the command
    loop                  rounds, the lease, when to leave
    room                  what all controllers stand on
    threads               at most one for each thing
    recovery              what belongs to nobody goes, after a crash and now and then
    garbage               bytes that no row names go

Runs:
    runs                  the controller: what one round is
    board                 what is known of live runs
    candidates            queued tasks, and what their results depend on
    keys                  cache keys, which are made of that
    unknowns              tasks of which that cannot be known yet
    takeovers             tasks that take the result of an earlier one
    queue                 who gets a slot
    placing               which worker of functions gets a call
    changes               what a round decides, and the one write of it
    facts                 what threads found out
    endings               what follows from that for tasks

Attempts:
    attempts              the controller: recorded, live, ended
    functions             the same for all that a worker of functions has
    cases                 an attempt as threads see it
    launching             its folder is filled
    staging               where its inputs lie in it
    working               the working folder of a command that has one of its own
    unfinished            predictions of an attempt before it, to go on from
    secrets               credentials on their way to it, and to registries
    locks                 whether it ran with what its environment has locked
    conclusions           what it means that it came to a result
    left_out              why a file that it did not find was not there
    results               its outputs become artifacts
    other_files           what it wrote beside them is kept
    monitors              the controller of links to what it serves while it runs
    tensorboard           which may be started beside it

Deployments:
    deployments           the controller, and who gets GPUs
    rollouts              one of them, step by step
    awaiting              its image may still be built
    pinned                its image stays what it was
    answering             whether it answers, and is still asked
    departures            its containers that are to go
    following             what they print
    noting                what was seen of it, written down

All else:
    images                the controller: built, pulled, pushed
    environments          the controller: found out, and installed
    archiving, restoring  folders of their versions go, and come back when they are needed
    imports               the controller: bytes of datasets
    trials                the controller: models are loaded once where they were made
"""
