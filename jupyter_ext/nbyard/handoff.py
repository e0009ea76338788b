"""What code uses to be run by nbyard: marks, typed data in and out, metrics, ports."""

from nbyard.runner.handoff import NotGiven, Unfit, executable, input, metric, output, port, secret

__all__ = ["NotGiven", "Unfit", "executable", "input", "metric", "output", "port", "secret"]
