"""Rules for names: of objects, files and runtimes, and names that are unique."""
