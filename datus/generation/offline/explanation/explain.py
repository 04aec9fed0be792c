"""A plan as a sentence: the one door to both languages."""

from datus.generation.offline.explanation import chinese as in_chinese
from datus.generation.offline.explanation import english as in_english
from datus.generation.offline.explanation.scope import Names
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import AnyPlan


def explain(plan: AnyPlan, index: SchemaIndex, *, chinese: bool) -> str:
    """What the SQL of a plan does, in Chinese or English.

    Args:
        plan: What was rendered. Nothing of the question is read, so that the sentence says what is
            computed, and a reader sees where that is not what was asked.
        index: The names and comments of the plan's schema.
        chinese: The asker's language; a name that it has no comment for is said in its own words.
    """
    names = Names(index, chinese)
    return in_chinese.sentence(plan, names) if chinese else in_english.sentence(plan, names)
