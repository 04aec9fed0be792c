"""SQL: which dialect is spoken, and the guard that lets only harmless queries through."""
