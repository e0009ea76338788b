"""The program that stands where the work is done.

Standard library only (papermill and nbclient where a notebook is run), Python 3.9 or newer, and
nothing of nbyard: the folder can be copied anywhere. `python runner/__main__.py FOLDER` detaches;
with `--foreground` it stays; with `--alone`, for a container of its own, it also ends every other
process there; with `--serve` it does so for one attempt after the other. The attempt folder is the
whole contract (domain/attempts.py).
"""
