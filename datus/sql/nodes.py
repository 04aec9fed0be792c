"""Tree nodes of our own, for syntax that sqlglot would rewrite into something else.

sqlglot folds spellings into one canonical form so that it can translate between databases. The guard
needs the opposite: a database must get what was written. So each operator, call and type whose
canonical form would lose the spelling has a node here that keeps it.
"""

from typing import ClassVar

from sqlglot import exp


class Operator(exp.Expression, exp.Binary):
    """An infix operator kept as written: ``this op expression``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True, "op": True}


class Prefix(exp.Expression, exp.Condition):
    """A sign before its operand: ``-this``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "op": True}


class Postfix(exp.Expression, exp.Condition):
    """A test behind its operand: ``this ISNULL``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "op": True}


class Negated(exp.Expression, exp.Condition):
    """A range test with NOT inside it: ``x NOT IN (...)``, ``x NOT LIKE y``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class TypeName(exp.Expression):
    """A built-in type in capitals, for example ``DECIMAL(10, 2)``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class TypedLiteral(exp.Expression, exp.Condition):
    """A constant behind its type: ``DATE '2024-01-15'``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True}


class Duration(exp.Expression, exp.Condition):
    """``INTERVAL this [unit]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "unit": False}


class WordedCall(exp.Expression, exp.Func):
    """A call with words between its arguments: ``TRIM(BOTH 'x' FROM y)``.

    ``words`` holds what stands before each argument, ``""`` for nothing and ``","`` for a comma.
    """

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": True, "words": True}


class Moment(exp.Expression, exp.Func):
    """``CURRENT_DATE`` or one of its kin, without parentheses."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}
