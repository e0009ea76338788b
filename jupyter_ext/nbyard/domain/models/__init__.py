"""Models, their packages, and the columns that they take and return. Reads model files, model
classes and signatures without running code.
"""
