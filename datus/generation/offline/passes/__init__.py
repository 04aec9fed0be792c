"""Passes over a draft: each takes the words that it can explain and notes what they ask for."""
