"""The generator that needs no model: a grounded semantic parser.

A question becomes tokens, tokens become mentions of tables, columns, values, numbers, times and cue
words (``linking``), competing readings of the mentions become typed plans (``parsing``), a plan becomes
SQL (``rendering``). What stays unexplained is a reason to refuse (``generator``).
"""
