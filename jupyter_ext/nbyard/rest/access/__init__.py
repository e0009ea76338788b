"""Short-lived access to deployed services: cached authorizations, and passes in the path of a
page.
"""
