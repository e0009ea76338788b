"""Watches files for triggers: lists which exist, and notices that they may have changed."""
