"""What other databases have and SQLite has not, each with the SQLite way to the same."""

from __future__ import annotations

MEDIAN = (
    "Take the middle rows: SELECT AVG(age) FROM (SELECT age, ROW_NUMBER() OVER (ORDER BY age) AS r, "
    "COUNT(*) OVER () AS n FROM titanic WHERE age IS NOT NULL) WHERE r IN ((n + 1) / 2, (n + 2) / 2)."
)
QUANTILE = (
    "Take the row at that rank: SELECT MIN(age) FROM (SELECT age, CUME_DIST() OVER (ORDER BY age) AS q "
    "FROM titanic WHERE age IS NOT NULL) WHERE q >= 0.9."
)
VARIANCE = (
    "Write it out: AVG(age * age) - AVG(age) * AVG(age) is the variance, SQRT() of it the standard "
    "deviation (of the population)."
)
CORRELATION = (
    "Write it out: (AVG(x * y) - AVG(x) * AVG(y)) / SQRT((AVG(x * x) - AVG(x) * AVG(x)) * "
    "(AVG(y * y) - AVG(y) * AVG(y))), over rows where both are known."
)
MODE = "Use GROUP BY the value with ORDER BY COUNT(*) DESC LIMIT 1."
DATES = "The table has no dates; for a date in text use strftime('%Y', '1912-04-15') and its like."
NOW = "Use date('now') or datetime('now')."
PIECES = "Use substr(text, start, length) with instr(text, part) for the position."
REGULAR_EXPRESSION = "Use LIKE 'Mr%', GLOB '[A-C]*', instr() or substr()."
EXTREMES = "Use MAX(a, b) or MIN(a, b) with several arguments."
JOINED = "Use group_concat(value, ', ')."
CONDITIONAL_COUNT = "Use SUM(condition) or COUNT(*) FILTER (WHERE condition)."
PADDING = "Use printf('%5d', number) or printf('%-20s', text)."
CHOICE = "Use CASE WHEN ... THEN ... ELSE ... END, or iif(condition, a, b)."
NUMBERS = (
    "Use WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 10 FROM numbers WHERE n < 80) SELECT n "
    "FROM numbers."
)
CASTS = "Use CAST(value AS INTEGER), CAST(value AS REAL) or CAST(value AS TEXT)."
BINS = "Use CAST(age / 10 AS INTEGER) * 10 for the lower edge of a bin."
ROOTS = "This SQLite has no mathematical functions: use +, -, *, /, ROUND() and ABS()."

_WAYS: dict[str, str] = {
    "median": MEDIAN,
    "percentile percentile_cont percentile_disc quantile approx_quantile quantile_cont": QUANTILE,
    "stdev stddev stddev_pop stddev_samp std var var_pop var_samp variance": VARIANCE,
    "corr covar_pop covar_samp regr_slope": CORRELATION,
    "mode": MODE,
    "year month day hour dayofweek weekday quarter date_part datepart date_trunc datetrunc extract datediff "
    "date_diff dateadd date_add date_sub age to_date str_to_date date_format to_timestamp": DATES,
    "now getdate sysdate curdate today": NOW,
    "left right mid position strpos charindex locate split_part substring_index string_split split reverse "
    "initcap": PIECES,
    "len char_length character_length datalength": "Use length(text).",
    "regexp regexp_like regexp_matches regexp_replace regexp_substr regexp_extract rlike similar contains "
    "starts_with startswith ends_with": REGULAR_EXPRESSION,
    "greatest least": EXTREMES,
    "string_agg listagg array_agg wm_concat": JOINED,
    "concat concat_ws": "Use a || ' ' || b; one NULL makes all NULL, so wrap with ifnull(a, '').",
    "countif count_if sumif sum_if averageif bool_or bool_and every any_value": CONDITIONAL_COUNT,
    "lpad rpad to_char str": PADDING,
    "if ifs decode choose": CHOICE,
    "nvl isnull zeroifnull": "Use ifnull(value, other) or coalesce(value, other, ...).",
    "generate_series range sequence unnest": NUMBERS,
    "to_number try_cast safe_cast int integer float double convert to_integer tonumber": CASTS,
    "width_bucket": BINS,
    "div0 safe_divide div": "Use a * 1.0 / NULLIF(b, 0).",
    "truncate": "Use CAST(x AS INTEGER) or ROUND(x, digits).",
    "rand newid uuid": "Use random(), or ORDER BY random() LIMIT n for a sample.",
    "sqrt pow power exp ln log log10 log2 floor ceil ceiling": ROOTS,
}
WAYS: dict[str, str] = {name: way for names, way in _WAYS.items() for name in names.split()}
"""Lower-case function of another database -> one sentence that says how SQLite does it."""

SYNTAX: dict[str, str] = {
    "ilike": "LIKE ignores case in SQLite already (ASCII letters).",
    "similar": REGULAR_EXPRESSION,
    "rlike": REGULAR_EXPRESSION,
    "top": "Write LIMIT at the end instead of TOP.",
    "fetch": "Write LIMIT n instead of FETCH FIRST n ROWS ONLY.",
    "qualify": "Put the window function into a subquery or CTE and filter it with WHERE.",
    ":": CASTS,
    "::": CASTS,
    "interval": "Use date('now', '-1 day') and its like instead of INTERVAL.",
    "div": "Divide with a / b; two integers divide to an integer, a * 1.0 / b does not.",
    "within": QUANTILE,
    "unpivot": "Use UNION ALL of one SELECT for each column.",
    "pivot": "Use SUM(CASE WHEN ... THEN 1 ELSE 0 END) for each column of the pivot.",
    "rollup": "Use UNION ALL with a SELECT for the total.",
    "cube": "Use UNION ALL with a SELECT for each total.",
    "lateral": "Use a correlated subquery, or a join with a CTE.",
    "any": "Use IN (SELECT ...) or EXISTS (SELECT ...).",
    "all": "Name the columns after GROUP BY; instead of a comparison with ALL use (SELECT MAX(...) ...).",
    "~": REGULAR_EXPRESSION,
    "from": "Check what stands before FROM, such as a comma too many; EXTRACT(... FROM ...) is strftime().",
}
"""Lower-case word at which SQLite's parser stops -> what is usually meant."""

SYNTAX_SEEN_LATE = {
    word: SYNTAX[word] for word in ("top", "fetch", "qualify", "interval", "lateral", "within")
}
"""Those that SQLite takes for a name first, so that it stops at the word after."""

SYNONYMS: dict[str, str] = {
    "gender": "sex", "class": "pclass", "ticket_class": "pclass", "travel_class": "pclass",
    "id": "passenger_id", "port": "embarked", "embarkation": "embarked", "price": "fare", "cost": "fare",
    "siblings": "sibsp", "spouses": "sibsp", "siblings_spouses": "sibsp", "parents": "parch",
    "children": "parch", "parents_children": "parch", "survival": "survived", "alive": "survived",
    "deck": "cabin", "full_name": "name", "passenger_name": "name",
}  # fmt: skip
"""What people and other copies of the table call a column -> its name here."""
