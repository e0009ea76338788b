"""Commands of models: build, list, run, deploy and serve them."""
