"""Tasks and their event logs, kept so that a repeat, a crash or another process loses nothing.

``engines`` opens a store and prepares its file, ``store`` has the interfaces and records.
``docs/tasks.md`` lists the tables, the states and what is guaranteed.
"""
