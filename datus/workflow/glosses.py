"""What the texts told beside a question name: their values and times, looked up as the question's own are."""

from datus.dates import read_times
from datus.generation.offline.told.texts import told_texts
from datus.types import Gloss
from datus.workflow.linking import values_of
from datus.workflow.node import Tools
from datus.workflow.nodes.date_parser import date_settings
from datus.workflow.state import Linking, RunState


def glosses(state: RunState, linking: Linking, tools: Tools) -> tuple[Gloss, ...]:
    """The request's ``ext_knowledge`` and the meanings of the linked terms, each with what its words name."""
    found = []
    for text in told_texts(state.question, linking.terms):
        values = linking.snapshot.find_values(linking.database, text)
        settings = date_settings(tools.settings.node_settings["date_parser"])
        times = read_times(text, today=state.question.today, settings=settings).ranges
        found.append(Gloss(text, values_of(linking.linked, values), times))
    return tuple(found)
