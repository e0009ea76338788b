"""Service layer: one class per noun, with synchronous methods that are declared here once."""
