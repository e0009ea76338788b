"""Freeze runs, and create them: single runs, and those of schedules, triggers and bisections."""
