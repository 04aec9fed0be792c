"""Time expressions of a question, in English and Chinese, as spans of days and comparisons."""

from datus.dates.calendar import DateSettings
from datus.dates.find import TimesRead, find_time_ranges, read_times
from datus.dates.holidays import check_country

__all__ = ["DateSettings", "TimesRead", "check_country", "find_time_ranges", "read_times"]
