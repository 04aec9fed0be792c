"""Functions that a query may call, by database. All others are refused wherever they stand.

A name is on a list when it reads only its arguments and its answer is not much larger than they are.
Left out on purpose: whatever reads files, settings, catalogs, the network or other sessions, takes SQL
or a table name as text, waits, locks, changes anything, or grows its answer by a number
(``repeat``, ``space``, ``zeroblob``, ``range`` over columns). ``arguments.py`` bounds those that are
useful and can grow.
"""

from datus.types import Dialect


def _names(*topics: str) -> frozenset[str]:
    return frozenset(" ".join(topics).split())


_COMMON = _names(
    "count sum avg min max",
    "abs round ceil ceiling floor sign sqrt power pow exp ln log log10 log2 mod pi degrees radians",
    "sin cos tan asin acos atan atan2",
    "lower upper length trim ltrim rtrim substr substring replace concat concat_ws",
    "coalesce nullif",
    "row_number rank dense_rank percent_rank cume_dist ntile",
    "lag lead first_value last_value nth_value",
)

_STATISTICS = _names(
    "stddev stddev_pop stddev_samp variance var_pop var_samp",
)

_REGRESSION = _names(
    "corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope",
    "regr_sxx regr_sxy regr_syy",
)

_SQLITE = _names(
    "total group_concat string_agg median percentile percentile_cont percentile_disc",
    "date time datetime julianday unixepoch strftime timediff",
    "instr char unicode hex quote soundex printf format like glob octet_length",
    "iif if ifnull likely unlikely typeof random trunc",
    "acosh asinh atanh cosh sinh tanh",
    "json json_extract json_array json_array_length json_object json_type json_valid json_quote",
    "json_group_array json_group_object",
)

_DUCKDB = _names(
    "any_value arbitrary first last arg_max arg_min max_by min_by mode median mad",
    "quantile quantile_cont quantile_disc percentile_cont percentile_disc approx_quantile",
    "approx_count_distinct count_if countif count_star sum_no_overflow fsum kahan_sum favg product",
    "entropy kurtosis skewness sem geomean geometric_mean histogram",
    "bool_and bool_or bit_and bit_or bit_xor array_agg list string_agg group_concat listagg",
    "grouping grouping_id fill",
    "date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub date_add",
    "time_bucket age epoch epoch_ms epoch_us epoch_ns now today make_date make_time",
    "make_timestamp to_timestamp strftime strptime try_strptime last_day dayname monthname",
    "year month day hour minute second millisecond microsecond quarter week weekofyear yearweek",
    "weekday dayofweek dayofmonth dayofyear isodow isoyear decade century era julian",
    "to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_quarters",
    "isfinite isinf isnan trunc cbrt even greatest least random gcd lcm xor bit_count",
    "add subtract multiply divide",
    "contains starts_with ends_with prefix suffix instr strpos position left right reverse",
    "split_part string_split str_split string_split_regex string_to_array array_to_string",
    "regexp_matches regexp_replace regexp_extract regexp_extract_all regexp_full_match",
    "lpad rpad translate ascii chr ord unicode strlen char_length character_length",
    "lcase ucase initcap strip_accents nfc_normalize md5 sha256 hash format printf",
    "levenshtein jaccard jaro_similarity jaro_winkler_similarity damerau_levenshtein hamming",
    "ifnull if typeof not_like_escape like_escape ilike_escape",
    "list_value list_contains list_has array_contains array_has len array_length list_extract",
    "list_element list_distinct list_unique list_sort list_reverse_sort list_position list_sum",
    "list_avg list_min list_max list_count list_first list_last list_slice list_concat",
    "array_position array_distinct array_sort list_has_any list_has_all cardinality",
    "unnest generate_series range generate_subscripts",
    "json json_extract json_extract_string json_extract_path json_extract_path_text json_value",
    "json_array_length json_type json_valid json_keys json_contains json_object json_array",
    "json_group_array json_group_object to_json",
    "map_keys map_values map_entries struct_extract",
)

_POSTGRESQL = _names(
    "array_agg string_agg bool_and bool_or every bit_and bit_or bit_xor any_value mode",
    "percentile_cont percentile_disc grouping",
    "date_trunc date_part date_bin age now make_date make_time make_timestamp make_interval",
    "to_char to_date to_timestamp to_number justify_days justify_hours justify_interval isfinite",
    "clock_timestamp statement_timestamp transaction_timestamp timezone extract date",
    "trunc cbrt div greatest least random width_bucket scale min_scale trim_scale sinh cosh tanh",
    "gcd lcm",
    "char_length character_length octet_length bit_length position strpos left right reverse",
    "btrim split_part initcap translate ascii chr md5 lpad rpad format quote_literal",
    "starts_with regexp_replace regexp_match regexp_matches regexp_count regexp_like",
    "regexp_substr regexp_instr regexp_split_to_array regexp_split_to_table",
    "array array_length array_upper array_lower array_position array_to_string string_to_array",
    "array_append array_prepend array_cat array_remove array_dims cardinality unnest",
    "generate_series generate_subscripts num_nonnulls num_nulls",
    "json_agg jsonb_agg json_object_agg jsonb_object_agg json_build_object jsonb_build_object",
    "json_build_array jsonb_build_array json_array_length jsonb_array_length json_typeof",
    "jsonb_typeof json_extract_path json_extract_path_text jsonb_extract_path",
    "jsonb_extract_path_text json_array_elements json_array_elements_text jsonb_array_elements",
    "jsonb_array_elements_text json_object_keys jsonb_object_keys json_each json_each_text",
    "jsonb_each jsonb_each_text to_json to_jsonb json_strip_nulls jsonb_strip_nulls",
)

_MYSQL = _names(
    "group_concat any_value bit_and bit_or bit_xor std json_arrayagg json_objectagg",
    "median percentile_cont percentile_disc grouping",
    "now curdate current_date curtime current_time current_timestamp utc_date utc_time",
    "utc_timestamp localtime localtimestamp sysdate date time timestamp year quarter month week",
    "weekofyear yearweek weekday day dayofmonth dayofweek dayofyear dayname monthname hour",
    "minute second microsecond last_day makedate maketime to_days from_days to_seconds",
    "time_to_sec sec_to_time period_add period_diff",
    "date_add date_sub adddate subdate addtime subtime datediff timediff timestampdiff",
    "timestampadd date_format time_format str_to_date from_unixtime unix_timestamp convert_tz",
    "get_format extract",
    "truncate rand greatest least crc32 conv cot",
    "char_length character_length octet_length bit_length lcase ucase left right mid reverse",
    "locate instr position substring_index field find_in_set elt format strcmp ascii ord char hex",
    "unhex md5 sha1 sha2 lpad rpad soundex quote to_base64",
    "if ifnull isnull interval regexp_replace regexp_substr regexp_instr regexp_like nvl nvl2",
    "json_extract json_unquote json_value json_query json_length json_keys json_type json_valid",
    "json_contains json_contains_path json_search json_array json_object json_depth json_exists",
)

FUNCTIONS: dict[Dialect, frozenset[str]] = {
    "sqlite": _COMMON | _SQLITE,
    "duckdb": _COMMON | _STATISTICS | _REGRESSION | _DUCKDB,
    "postgresql": _COMMON | _STATISTICS | _REGRESSION | _POSTGRESQL,
    "mysql": _COMMON | _STATISTICS | _MYSQL,
}
"""Functions of an expression, in small letters."""

_SERIES = ("generate_series",)
_JSON_EACH = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path")

TABLE_FUNCTIONS: dict[Dialect, dict[str, tuple[str, ...]]] = {
    "sqlite": {"json_each": _JSON_EACH, "json_tree": _JSON_EACH},
    "duckdb": {
        "generate_series": _SERIES,
        "range": ("range",),
        "unnest": ("unnest",),
    },
    "postgresql": {
        "generate_series": _SERIES,
        "generate_subscripts": ("generate_subscripts",),
        "regexp_split_to_table": ("regexp_split_to_table",),
        "unnest": ("unnest",),
        "json_array_elements": ("value",),
        "json_array_elements_text": ("value",),
        "jsonb_array_elements": ("value",),
        "jsonb_array_elements_text": ("value",),
        "json_object_keys": ("json_object_keys",),
        "jsonb_object_keys": ("jsonb_object_keys",),
        "json_each": ("key", "value"),
        "json_each_text": ("key", "value"),
        "jsonb_each": ("key", "value"),
        "jsonb_each_text": ("key", "value"),
    },
    "mysql": {},
}
"""Functions of a FROM clause, each with the columns that it gives."""
