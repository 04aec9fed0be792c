"""Time expressions of a question, in English and Chinese, as spans of days."""

from datus.dates.calendar import DateSettings
from datus.dates.find import find_time_ranges

__all__ = ["DateSettings", "find_time_ranges"]
