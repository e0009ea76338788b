"""The service layer: one class per noun of the API.

Its methods declare all operations.
"""
