"""Query environments, their versions, their references and the fingerprints of their packages."""
