"""Passes over a draft: each takes the words that it explains."""
