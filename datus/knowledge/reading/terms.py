"""Business terms from a YAML file.

terms:
  - word: active customer
    synonyms: [活跃客户, 活跃用户]
    meaning: A customer with at least one order in the period.
    sql: orders.status = 'completed'
    area: sales/retail
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from datus.config.reader import parse_yaml
from datus.errors import ConfigError
from datus.files import read_text
from datus.types import Term, area_of

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Term(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: _Text
    meaning: _Text
    synonyms: Annotated[list[_Text], BeforeValidator(_listed)] = Field(default_factory=list)
    sql: Annotated[str, StringConstraints(max_length=4_000)] = ""
    area: Annotated[list[_Text], BeforeValidator(_listed)] = Field(default_factory=list)


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid")

    terms: list[_Term]


def read_terms(path: Path) -> tuple[Term, ...]:
    """The terms of a file.

    Raises:
        ConfigError: The file cannot be read, or an entry cannot be used; it names entry and field.
    """
    try:
        read = _Terms.model_validate(parse_yaml(read_text(path), path) or {"terms": []})
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply; a term needs no depth.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        raise ConfigError(
            f"{path}: {where or 'the file'}: {first['msg']}. A term has word, meaning and, if you like, "
            "synonyms, sql and area; quote what YAML reads as a number, a date or yes and no."
        ) from None  # to print it would spell out every alias of the file
    return tuple(
        Term(each.word, each.meaning, tuple(each.synonyms), each.sql.strip(), area_of(*each.area))
        for each in read.terms
    )
