"""The dispatcher: it carries out what the store requests.

One thread, the loop, decides about runs and writes to the store. Other threads do slow work and
report the results. Every action is recorded before it starts and can be repeated.

    store ─▶ loop ─▶ controllers ─▶ one transaction ─▶ threads ─▶ reports ─▶ loop

The process:

    __main__              the command
    loop                  the lease, rounds, and when to stop
    context               what all controllers share
    threads               runs at most one thread for each task
    service_health        whether deployments answer
    command_workdir       the working folder of a command that needs one of its own
    recovery              removes leftovers, after a crash and at intervals
    garbage               deletes bytes that no row refers to

Subpackages, each uses only those above it:

    state                 snapshots of live runs, and one round's decisions
    environments          create, reinstall and remove environments
    cache                 cache keys, reuse of results, and forecasts before a run
    attempts              prepare, watch and finish attempts
    deployments           start, watch and replace deployments
    runs                  find ready tasks, queue them and apply reports
    bisections            create the runs of bisections, and judge them
    automations           create the runs of due times and events
    notices               send messages to notice channels

Other modules:

    image_controller      the controller of builds, pulls and pushes
    dataset_imports       the controller of dataset imports
    model_probes          load each model once, in the environment that wrote it
"""
