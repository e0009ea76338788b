"""Carry out bisections: start one probe at a time, as a scratch run, and judge it."""
