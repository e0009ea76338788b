"""Reasons of schedules, triggers and notices."""
