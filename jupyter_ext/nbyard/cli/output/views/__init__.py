"""Show the objects of each noun as text: tables, details and comparisons."""
