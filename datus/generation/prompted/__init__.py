"""Generators over hosted models: gathered context to a prompt within a budget, typed answers to candidates."""
