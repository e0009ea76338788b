"""How each kind of executable is read and launched, behind entry points of `nbyard.kinds`.

A kind reads arguments without running the file, and turns a task into work for the runner.
`protocol` is the contract, `registry` finds the installed kinds.
"""
