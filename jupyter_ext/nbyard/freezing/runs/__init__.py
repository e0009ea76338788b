"""Freeze runs, and create them: single runs, and those of automations and bisections."""
