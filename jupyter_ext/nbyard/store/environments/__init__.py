"""Query environments, their versions, the references to them and the fingerprints of installed
packages.
"""
