"""What an ``Accept`` header allows (RFC 9110, section 12.5.1)."""

from collections.abc import Mapping


def weights(accept: str) -> Mapping[str, float]:
    """The weight of each media range, from 0 (excluded) to 1, by its name in small letters; the highest of equals."""
    found: dict[str, float] = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_range:
            found[media_range] = max(found.get(media_range, 0.0), _weight(parameters))
    return found


def weight_of(media_type: str, found: Mapping[str, float]) -> float:
    """The weight of a media type: that of the most specific range that has it, 0 where none does."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((found[each] for each in ranges if each in found), 0.0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
