"""What an executable takes and produces: arguments, how each one reaches the program, and checks
of values. Also evaluates CWL parameter references to arguments.
"""
