"""Databases: what is in them, and statements run read-only in them. One file a database."""
