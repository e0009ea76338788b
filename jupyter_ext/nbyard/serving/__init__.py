"""The program in a model's image: it loads the model and serves it in one mode.

It uses the standard library, the packages that the mode requires and this package, which is copied
into the image. `python -m nbyard.serving MODE` starts it, with MODE as in `package.module:Name`.
"""
