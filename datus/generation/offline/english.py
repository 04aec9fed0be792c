"""The English lexicon."""

from collections.abc import Mapping

from datus.generation.offline.cues import MEASURES, Cue, measured, ranked, table


def _spent() -> dict[Cue, str]:
    """As in "spent more than": what somebody spent is compared in total."""
    bounds = {
        ">": ("more than", "over", "above"),
        "<": ("less than", "under", "below"),
        ">=": ("at least",),
        "<=": ("at most", "up to"),
    }
    return {
        Cue("compare", operator, MEASURES["spend"]): " | ".join(
            f"{verb} {said}" for verb in ("spent", "spend", "spends", "spending") for said in words
        )
        for operator, words in bounds.items()
    }


_CUES = table(
    {
        Cue(
            "count"
        ): "how many | number of | count of | the count | count | counts | total number of"
        " | the number of | total count of | numbers of | total number | amount of times | how often"
        " | number of times | how many times | number | no . of | no of | # of | num of",
        Cue("aggregate", "avg"): "average | mean | avg | on average | averages | averaged",
        Cue("aggregate", "sum"): "total | sum | combined | sum of | cumulative | how much | totals",
        Cue("aggregate", "max"): "maximum | max | maximal",
        Cue("aggregate", "min"): "minimum | min | minimal",
        Cue("aggregate", "median"): "median",
        Cue("unplanned"): "mode | percentile | variance | standard deviation"
        " | correlation | running total | moving average | rank of",
        Cue("ratio"): "ratio | ratio of | ratio between | the ratio of",
        Cue(
            "difference"
        ): "difference | difference between | difference in | the difference between"
        " | the difference in | differences between",
        Cue(
            "difference", "more"
        ): "how much more | how many more | how much higher | how much larger"
        " | how much greater | by how much more",
        Cue(
            "difference", "less"
        ): "how much less | how many fewer | how much lower | how much smaller",
        Cue("growth", "by"): "by how much did | by how much has | by how much have | by how much",
        Cue("growth"): "growth | grow | grew | grown | growing | increase | increased",
        Cue(
            "growth", "percent"
        ): "growth rate | rate of growth | percentage growth | percent growth"
        " | percentage increase | percent increase | percentage change | percent change",
        Cue("growth", "year"): "year over year | year-over-year | year on year | yoy",
        Cue(
            "share", "percent"
        ): "percentage of | percent of | the percentage of | percentage | percent | %",
        Cue(
            "share"
        ): "proportion of | proportion | share of | what share of | what share | fraction of | fraction",
        Cue(
            "part", "hour"
        ): "hour of the day | by hour | per hour | each hour | hourly | every hour | hour of day",
        Cue(
            "part", "weekday"
        ): "day of the week | days of the week | day of week | weekday | weekdays | by weekday"
        " | per weekday | each weekday | each day of the week",
        Cue("part", "month"): "month of the year | calendar month",
        Cue("part", "day"): "day of the month",
        Cue("weekend"): "weekend | weekends | on weekends | on the weekend | at the weekend",
        Cue("distinct"): "distinct | different | unique | separate | various | differing",
        Cue("compare", ">"): "more than | greater than | over | above | higher than | larger than"
        " | exceed | exceeds | exceeding | bigger than | greater | more | better than | after | beyond"
        " | later than | higher | larger | exceeded | strictly more than | longer | further than",
        Cue("compare", "<"): "less than | fewer than | under | below | lower than | smaller than"
        " | before | prior to | earlier than | worse than | fewer | less | lower | smaller",
        Cue(
            "compare", ">="
        ): "at least | or after | or afterwards | no less than | not less than | no fewer than | minimum of"
        " | or more | or higher | or above | or greater | or older | or later | starting from"
        " | greater than or equal to | more than or equal to | or over | and above | and up | not below",
        Cue(
            "compare", "<="
        ): "at most | or before | no more than | not more than | up to | maximum of | or less"
        " | or fewer | or below | or lower | or younger | or earlier | less than or equal to"
        " | not exceeding | or under | not exceed | no greater than | not above | not over",
        Cue("compare", "="): "exactly | of exactly | precisely",
        **_spent(),
        **measured(
            "compare",
            ">",
            {
                "age": "older than | older",
                "length": "longer than | lasting more than | last longer than",
                "height": "taller than | taller",
                "weight": "heavier than | heavier",
                "money": "more expensive than | pricier than | costs more than | cost more than",
                "speed": "faster than",
                "pay": "earn more than | earns more than | paid more than | make more than",
                "temperature": "hotter than | warmer than",
            },
        ),
        **measured(
            "compare",
            "<",
            {
                "age": "younger than | younger",
                "length": "shorter than",
                "weight": "lighter than",
                "money": "cheaper than | less expensive than | costs less than | cost less than",
                "speed": "slower than",
                "pay": "earn less than | earns less than | paid less than",
                "temperature": "colder than | cooler than",
            },
        ),
        Cue("between"): "between | in between | ranging from | in the range of",
        Cue(
            "superlative", "desc"
        ): "highest | largest | greatest | biggest | most | top | maximal | best"
        " | the most | bigger amount of | max number of | maximum number of | largest number of"
        " | highest number of | greatest number of | most number of | largest amount of | biggest number of"
        " | highest amount of | highest total | leading",
        Cue(
            "superlative", "asc"
        ): "lowest | smallest | least | fewest | minimal | worst | the least"
        " | smallest number of | lowest number of | fewest number of | least number of | the fewest"
        " | minimum number of | least amount of | lowest amount of | fewest amount of",
        **measured(
            "superlative",
            "desc",
            {
                "spend": "spent the most | spend the most | spends the most | spent most | paid the most",
                "age": "oldest | eldest",
                "time": "latest | newest | most recent | most recently | last | lastest | recently",
                "money": "most expensive | priciest | most costly | costliest | dearest",
                "pay": "best paid | highest paid | most paid | best-paid",
                "length": "longest",
                "height": "tallest",
                "weight": "heaviest",
                "speed": "fastest | quickest",
                "wealth": "richest | wealthiest | most profitable",
                "rating": "highest rated | top rated | best rated | highest-rated",
                "rank": "top ranked | highest ranked",
                "temperature": "hottest | warmest",
                "size": "most populous | most populated",
            },
        ),
        **measured(
            "superlative",
            "asc",
            {
                "age": "youngest",
                "time": "earliest | least recent | least recently | first",
                "money": "cheapest | least expensive",
                "length": "shortest",
                "weight": "lightest",
                "speed": "slowest",
                "rating": "lowest rated | worst rated",
                "temperature": "coldest | coolest",
                "size": "least populous",
            },
        ),
        Cue(
            "frequent", "desc"
        ): "most common | most frequent | most popular | most frequently | most often"
        " | most commonly | commonest | predominantly | most prevalent | most used | most widely used",
        Cue("frequent", "asc"): "least common | least frequent | least popular | least frequently"
        " | rarest | least often | least commonly",
        Cue("top"): "top | bottom",
        Cue(
            "each"
        ): "for each | for every combination of | for each combination of | every combination of | each combination of"
        " | of different | for different | by different | for various | each | per | in each | of each | every | for every | by each | at each"
        " | in every | corresponding to each | from each | of every | within each",
        Cue(
            "group"
        ): "grouped by | group by | broken down by | split by | categorized by | breakdown by"
        " | by | in terms of | based on | according to",
        Cue(
            "order"
        ): "order the results by | sort the results by | order results by | sort results by | order the result by"
        " | sort the result by | order the output by | sort the output by | order the rows by | sort the rows by"
        " | order by | ordered by | sort by | sorted by | ranked by | order of | in order of"
        " | sorted in | ordered in | sort | sorted | order | ordered | in the order of | arranged by"
        " | in order by | listed by | listed in | rank by | arrange | sorting | ordering",
        Cue(
            "direction", "asc"
        ): "ascending | ascending order | ascendingly | increasing | increasing order"
        " | in ascending order | in increasing order | from low to high | from lowest to highest"
        " | from youngest to oldest | from smallest to largest | from the lowest to the highest"
        " | asc | from the youngest to the oldest | from earliest to latest | chronologically"
        " | from early to late | in chronological order | chronological order | low to high"
        " | from least to most | from oldest to newest | from cheapest to most expensive",
        Cue(
            "direction", "desc"
        ): "descending | descending order | decreasing | decreasing order | desc"
        " | in descending order | in decreasing order | from high to low | from highest to lowest"
        " | from oldest to youngest | from largest to smallest | from the highest to the lowest"
        " | from the oldest to the youngest | from latest to earliest | high to low | from most to least"
        " | from late to early | from newest to oldest | descendingly | reverse order | in reverse order"
        " | highest first | largest first | most first | reverse",
        Cue(
            "alphabetical"
        ): "alphabetical | alphabetically | alphabetic | lexicographical | lexicographic"
        " | alphabetical order | in alphabetical order | alphabetic order | lexicographical order"
        " | lexicographically | in lexicographical order | in alphabetic order",
        Cue(
            "negate"
        ): "not | no | no longer | never | without | n't | except | excluding | other than | outside"
        " | neither | none | nor | cannot | but not | except for | besides | apart from | rather than"
        " | lack | lacks | lacking",
        Cue(
            "contain"
        ): "contain | contains | containing | include | includes | including | substring"
        " | with the substring | contain the word | containing the word | contains the word | with letter"
        " | the letter | letter | the word | has the word | the substring | like | contained | the phrase",
        Cue(
            "start"
        ): "start with | starts with | starting with | begin with | begins with | beginning with"
        " | first letter is | first letter of | first character is | prefix | with prefix | with the prefix | started with | begins in",
        Cue(
            "end"
        ): "last letter is | last character is | end with | ends with | ending with | suffix | with suffix | ending in | ends in",
        Cue("contrast"): "compare | comparison of | versus | vs | compared",
        Cue(
            "also"
        ): "and | as well as | along with | together with | with their | and also | also | plus"
        " | with its | followed by",
        Cue("or"): "or | either",
        Cue("both"): "both",
        Cue(
            "be"
        ): "as a date | as dates | is | are | was | were | be | been | being | equal to | equals | equal | same as"
        " | as",
        Cue("of"): "of | belonging to | belong to | belongs to | corresponding to | associated with"
        " | used by | owned by | held by | related to",
        Cue(
            "named"
        ): "named | called | with name | with the name | titled | whose name is | with title",
        Cue(
            "relative"
        ): "whose | who | that | which | with | where | having | in which | for which | whom"
        " | has | have | had | when | located in | live in | lives in | living in | in | from | at | for"
        " | on | during | do | does | did | to | made by | by the | used | through | within | via | so far | as of now | to date | in all | all told | on record | on file"
        " | at present | right now | these days | would like | i like | in the database"
        " | at the moment | for us | to us",
        Cue("rows"): "which | list | list all | show all | find all",
        Cue(
            "details"
        ): "all information | all the information | all details | information | details"
        " | all info | info | everything | full details | all columns | all fields | all the details"
        " | complete information | detailed information | records | all records | content | contents",
        Cue("than"): "than",
        Cue("null"): "null | missing | empty | unknown | no value | unspecified",
        Cue(
            "unit"
        ): "in total | year old | years old | dollars | dollar | usd | km | kg | miles | percent | meters"
        " | metres | feet | pounds | euros | units | cents | inches | grams | people | characters"
        " | times | time | years of age | in value",
        **measured(
            "measure",
            "",
            {
                "age": "how old | how old is | how old are",
                "length": "how long | how far",
                "height": "how tall | how high",
                "money": "how expensive | how much does | how much did | how much do",
                "weight": "how heavy",
                "size": "how big | how large",
                "speed": "how fast",
            },
        ),
        Cue(
            "elapsed"
        ): "duration | durations | elapsed time | time taken | time elapsed | length of time | turnaround time"
        " | lead time | processing time | amount of time",
        Cue("who"): "who | whom | who is | who are | which person | which people",
        Cue(
            "where"
        ): "where is | where are | where was | where were | where does | where do | where did",
        Cue("when"): "when is | when was | when were | when did | when are | when does | when do",
        Cue("period", "month"): "month | months",
        Cue("period", "year"): "year | years",
        Cue("period", "quarter"): "quarter | quarters",
        Cue("period", "week"): "week | weeks",
        Cue("period", "day"): "day | days",
        Cue("grain", "month"): "monthly | by month | per month | each month | month by month"
        " | for each month | every month | month over month",
        Cue(
            "grain", "year"
        ): "yearly | annual | annually | by year | per year | each year | every year"
        " | for each year | year by year | in each year | over the years",
        Cue(
            "grain", "quarter"
        ): "quarterly | by quarter | per quarter | each quarter | every quarter | for each quarter",
        Cue(
            "grain", "week"
        ): "weekly | by week | per week | each week | every week | for each week",
        Cue("grain", "day"): "daily | by day | per day | each day | every day | for each day",
    }
)
_ORDINALS = {
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "fifth": 5,
    "5th": 5,
}
CUES: Mapping[str, Cue] = ranked(_CUES, _ORDINALS)

# Irregular forms of verbs that relate one table to another and name nothing themselves.
VERB_FORMS = frozenset(
    """sold sell bought buy brought bring taught teach teaches took taken gave given held hold holds sang sung
    wrote written won win paid pay sent send spoke drove flew built lost led ran made got sign signed signs
    play plays live lives lived work works worked belong belongs own owns owned attend attends use uses
    participate participates publish publishes produce produces release releases direct directs receive
    receives serve serves offer offers contain register registers enroll enrolls
    study studies manage manages visit visits accept accepts affect affects create creates grow""".split()
)

NUMBERS: Mapping[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30,
    "fifty": 50, "once": 1, "twice": 2,
}  # fmt: skip

SCALES: Mapping[str, int] = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "k": 1000, "m": 10**6,
}  # fmt: skip

# Words that carry no meaning of their own in a question about data.
IGNORED = frozenset(
    """a an the but since all any some please show list give display return find tell get me us what which s
    their its his her our my your them they it there altogether placed came come comes overall amount this these those that can could would should will
    i we you want need know see select retrieve report output provide identify compute calculate
    determine fetch print describe present name's do does did has have had be been being than then so
    if only just also value values record records entry entries respective respectively corresponding
    given data database kind kinds table column existing currently ever together such as same own
    exactly actually whole entire full together about available using use used available list's
    how much many up out with by on at for from to in into of is are was were among across one ones
    still & et al someone somebody anyone anybody something anything anywhere detail belong return's question answer type's amongst along throughout there's let lets
    sort order ordered sorted first-name recorded stored exist exists contained contain listed shown
    taken take takes made make makes went go goes got certain specific particular every each
    say says said mentioned associated related corresponding correspond corresponds and or
    """.split()
)
