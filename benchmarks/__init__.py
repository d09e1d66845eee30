"""Measurements and the pictures of the README; nothing here asserts a time."""
