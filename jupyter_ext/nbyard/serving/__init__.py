"""What runs inside a model's image: it loads the model and serves it in one mode.

Standard library only, and what the mode itself asks for; nothing of ours but this package, which is
copied into the image. `python -m nbyard.serving MODE` begins it, MODE as in `package.module:Name`.
"""
