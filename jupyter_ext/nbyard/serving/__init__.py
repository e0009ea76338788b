"""The program in a model's image. It loads the model and serves it in one mode.

This package is copied into the image. It needs only the standard library and the packages that the
mode requires. `python -m nbyard.serving MODE` starts the program. MODE is `package.module:Name`.
"""
