"""The program that stands where the work is done.

Standard library only (papermill and nbclient where a notebook is run), Python 3.9 or newer, and
nothing of nbyard: the folder can be copied anywhere. `python runner/__main__.py FOLDER` detaches;
with `--foreground` it stays. The attempt folder is the whole contract (domain/attempts.py).
"""
