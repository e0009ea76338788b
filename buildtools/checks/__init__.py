"""The check of this project.

It consists of steps (`plan`), selections (`chosen`, `affected`, `graph`), their execution side by
side (`running`) and reports (`results`).
"""
