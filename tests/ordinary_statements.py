"""Statements that a model writes on an ordinary day; each must work, and give what plain SQLite gives."""
# ruff: noqa: E501 - a statement stays on one line

from __future__ import annotations

MEDIAN_AGE = (
    "SELECT AVG(age) FROM (SELECT age, ROW_NUMBER() OVER (ORDER BY age) AS r, COUNT(*) OVER () AS n"
    " FROM titanic WHERE age IS NOT NULL) WHERE r IN ((n + 1) / 2, (n + 2) / 2)"
)

ORDINARY: dict[str, list[str]] = {
    "plain": [
        "SELECT * FROM titanic",
        "SELECT COUNT(*) FROM titanic",
        "SELECT COUNT(*), COUNT(age), COUNT(DISTINCT ticket) FROM titanic",
        "select name, age from titanic where age > 70 order by age desc",
        "SELECT AVG(survived) AS rate FROM titanic WHERE sex = 'female'",
        "SELECT sex, pclass, ROUND(100.0 * AVG(survived), 1) AS pct FROM titanic GROUP BY sex, pclass ORDER BY 1, 2",
        "SELECT embarked, COUNT(*) AS n FROM titanic GROUP BY embarked HAVING n > 100 ORDER BY n DESC",
        "SELECT MIN(fare), MAX(fare), AVG(fare), SUM(fare), TOTAL(fare) FROM titanic",
        "SELECT name FROM titanic WHERE name LIKE '%Mrs.%' LIMIT 5 OFFSET 2",
        "SELECT name FROM titanic WHERE name GLOB 'A*' ORDER BY name",
        "SELECT name FROM titanic WHERE name NOT LIKE '%Mr%' AND age BETWEEN 10 AND 20",
        "SELECT COUNT(*) FROM titanic WHERE cabin IS NULL OR embarked IS NOT NULL",
        "SELECT pclass FROM titanic WHERE pclass IN (1, 2) AND sibsp + parch = 0",
        "SELECT DISTINCT embarked FROM titanic",
        "SELECT MAX(age, 10), MIN(age, 10) FROM titanic WHERE passenger_id <= 3",
        "SELECT COUNT(*) FILTER (WHERE survived) * 1.0 / COUNT(*) FROM titanic",
        "SELECT rowid, passenger_id FROM titanic WHERE rowid < 4",
        "SELECT t.name FROM titanic AS t WHERE t.fare = (SELECT MAX(fare) FROM titanic)",
        "SELECT main.titanic.age FROM main.titanic LIMIT 3",
        "SELECT age FROM titanic ORDER BY age NULLS LAST, name COLLATE NOCASE LIMIT 7",
        "SELECT SUM(sex = 'male'), SUM(CASE WHEN age < 18 THEN 1 ELSE 0 END) FROM titanic",
        "SELECT pclass, SUM(survived) FROM titanic WHERE true GROUP BY pclass",
    ],
    "arithmetic and text": [
        "SELECT 1",
        "SELECT 7 / 2, 7 / 2.0, 7 % 3, -7, ~5, 5 & 3, 5 | 3, 1 << 4, 'a' || 'b'",
        "SELECT abs(-3), round(2.567, 2), sign(-2), ceil(1.2), floor(1.8), sqrt(16), pow(2, 10), ln(10), pi()",
        "SELECT SQRT(AVG(age * age) - AVG(age) * AVG(age)) AS stdev FROM titanic",
        "SELECT upper(sex), lower(name), length(name), trim('  a '), ltrim(' a'), rtrim('a ') FROM titanic LIMIT 3",
        "SELECT substr(cabin, 1, 1) AS deck, COUNT(*) FROM titanic GROUP BY deck ORDER BY deck",
        "SELECT substr(name, instr(name, ',') + 2, instr(name, '.') - instr(name, ',') - 2) AS title, COUNT(*)"
        " FROM titanic GROUP BY title ORDER BY 2 DESC, 1",
        "SELECT replace(name, 'Mr.', 'Mister'), hex('a'), quote('it''s'), char(65), unicode('A') FROM titanic LIMIT 2",
        "SELECT printf('%.2f%%', 100.0 * AVG(survived)), format('%5d|%-5s|', 42, 'x') FROM titanic",
        "SELECT ifnull(age, 0), coalesce(cabin, embarked, '-'), nullif(pclass, 3), iif(survived, 'y', 'n') FROM titanic",
        "SELECT CAST(age AS INTEGER), CAST(fare AS TEXT), CAST('12' AS REAL), typeof(age) FROM titanic LIMIT 9",
        "SELECT CAST(age / 10 AS INTEGER) * 10 AS bin, COUNT(*), AVG(survived) FROM titanic GROUP BY bin ORDER BY bin",
        "SELECT group_concat(name, '; ') FROM titanic WHERE pclass = 1 AND age > 60",
        "SELECT x'00ff' IS NULL, 9e999, -9e999, 0x1F, 1e3, NULL",
        "SELECT CASE pclass WHEN 1 THEN 'first' WHEN 2 THEN 'second' ELSE 'third' END AS c, COUNT(*)"
        " FROM titanic GROUP BY c",
        "SELECT name LIKE 'a\\_%' ESCAPE '\\' FROM titanic LIMIT 1",
        "SELECT 'DROP TABLE titanic; -- ', 'ATTACH', 'PRAGMA' FROM titanic LIMIT 1",
        "SELECT soundex('Robert') IS NOT NULL OR 1",
        "SELECT max('a', 'b'), min(3, 1, 2), likely(1), unlikely(0)",
        "SELECT 'naïve', '名前', '🚢', 'Ærø' || name FROM titanic LIMIT 2",
        "SELECT age AS \"Alter in Jahren\", fare [Preis], sex `Geschlecht` FROM titanic ORDER BY \"Alter in Jahren\"",
        "SELECT \"name\", \"titanic\".\"age\" FROM \"titanic\" WHERE \"sex\" = 'male' LIMIT 4",
        "SELECT 'say \"hello\"', '`', '[x]'",
    ],
    "common table expressions": [
        "WITH a AS (SELECT pclass, AVG(fare) AS f FROM titanic GROUP BY pclass) SELECT * FROM a ORDER BY f",
        "WITH a AS (SELECT * FROM titanic), b AS (SELECT COUNT(*) AS n FROM a) SELECT n FROM b",
        "WITH a(x, y) AS (VALUES (1, 'one'), (2, 'two')) SELECT y, x FROM a",
        "WITH a AS (SELECT 1) SELECT COUNT(*) FROM a",
        "WITH a AS MATERIALIZED (SELECT age FROM titanic) SELECT COUNT(*), COUNT(a.age) FROM a",
        "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 10 FROM r WHERE n < 80) SELECT n FROM r",
        "WITH RECURSIVE b(lo) AS (SELECT 0 UNION ALL SELECT lo + 10 FROM b WHERE lo < 70) SELECT lo, (SELECT"
        " COUNT(*) FROM titanic WHERE age >= lo AND age < lo + 10) AS n FROM b",
        "WITH RECURSIVE fib(a, b) AS (VALUES (0, 1) UNION ALL SELECT b, a + b FROM fib LIMIT 20) SELECT a FROM fib",
        "WITH f AS (SELECT ticket, COUNT(*) AS n FROM titanic GROUP BY ticket) SELECT t.name, f.n FROM titanic t"
        " JOIN f USING (ticket) WHERE f.n > 5 ORDER BY 1",
        MEDIAN_AGE,
    ],
    "window functions": [
        "SELECT name, RANK() OVER (ORDER BY fare DESC, name) AS r FROM titanic ORDER BY r LIMIT 10",
        "SELECT pclass, fare, ROW_NUMBER() OVER (PARTITION BY pclass ORDER BY fare, name) FROM titanic ORDER BY 1, 3",
        "SELECT age, LAG(age) OVER w, LEAD(age, 2) OVER w FROM titanic WINDOW w AS (ORDER BY passenger_id)",
        "SELECT fare, AVG(fare) OVER (ORDER BY passenger_id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM titanic",
        "SELECT NTILE(4) OVER (ORDER BY fare, passenger_id), DENSE_RANK() OVER (ORDER BY pclass) FROM titanic",
        "SELECT FIRST_VALUE(name) OVER (PARTITION BY pclass ORDER BY passenger_id) FROM titanic",
        "SELECT NTH_VALUE(name, 2) OVER (ORDER BY passenger_id), LAST_VALUE(age) OVER () FROM titanic",
        "SELECT PERCENT_RANK() OVER (ORDER BY age), CUME_DIST() OVER (ORDER BY age) FROM titanic ORDER BY 1, 2",
        "SELECT pclass, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () FROM titanic GROUP BY pclass",
        "SELECT MIN(age) FROM (SELECT age, CUME_DIST() OVER (ORDER BY age) AS q FROM titanic WHERE age IS NOT NULL)"
        " WHERE q >= 0.9",
        "SELECT SUM(survived) OVER (ORDER BY passenger_id) AS running FROM titanic",
    ],
    "joins and sets": [
        "SELECT a.name, b.name FROM titanic a JOIN titanic b ON a.ticket = b.ticket AND a.passenger_id < b.passenger_id",
        "SELECT COUNT(*) FROM titanic a LEFT JOIN titanic b ON b.passenger_id = a.passenger_id + 1 WHERE b.name IS NULL",
        "SELECT COUNT(*) FROM titanic a CROSS JOIN titanic b",
        "SELECT 'men', COUNT(*) FROM titanic WHERE sex = 'male' UNION ALL SELECT 'women', COUNT(*) FROM titanic"
        " WHERE sex = 'female'",
        "SELECT ticket FROM titanic WHERE survived = 1 INTERSECT SELECT ticket FROM titanic WHERE survived = 0",
        "SELECT pclass FROM titanic EXCEPT SELECT 3",
        "SELECT " + " UNION ALL SELECT ".join(f"{n}" for n in range(12)),
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT name FROM titanic WHERE ticket IN (SELECT ticket FROM titanic GROUP BY ticket HAVING COUNT(*) > 6)",
        "SELECT name FROM titanic t WHERE NOT EXISTS (SELECT 1 FROM titanic u WHERE u.fare > t.fare)",
        "SELECT pclass, (SELECT COUNT(*) FROM titanic u WHERE u.pclass = t.pclass) FROM titanic t GROUP BY pclass",
        "SELECT * FROM (SELECT pclass, COUNT(*) AS n FROM titanic GROUP BY pclass) WHERE n > 200",
        "SELECT name FROM titanic WHERE " + " AND ".join(f"passenger_id <> {n}" for n in range(12)),
        "SELECT name FROM titanic WHERE passenger_id IN (" + ",".join(str(n) for n in range(800)) + ")",
        "SELECT (age, fare) > (30, 10) FROM titanic LIMIT 3",
    ],
    "JSON": [
        "SELECT json_object('name', name, 'age', age) FROM titanic LIMIT 3",
        "SELECT json_group_array(pclass) FROM (SELECT DISTINCT pclass FROM titanic ORDER BY pclass)",
        "SELECT json_group_object(sex, n) FROM (SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex ORDER BY sex)",
        "SELECT value FROM json_each('[1, 2, 3]')",
        "SELECT COUNT(*) FROM json_each('[1, 2, 3]')",
        "SELECT key, value, fullkey FROM json_tree('{\"a\": [1, {\"b\": 2}]}')",
        "SELECT t.name FROM titanic t, json_each('[1, 5, 9]') e WHERE t.passenger_id = e.value",
        "SELECT json_extract('{\"a\": 1}', '$.a'), '{\"a\": 1}' ->> 'a', '{\"a\": [1]}' -> 'a', json_valid('{')",
        "SELECT json_array(1, 2), json_array_length('[1, 2]'), json_type('{}'), json_set('{}', '$.a', 1), json('[1]')",
        "SELECT json_object(" + ", ".join(f"'{n}', {n}" for n in ("age", "fare", "sex", "name", "pclass")) + ") FROM titanic",
    ],
    "dates": [
        "SELECT date('1912-04-15'), time('02:20'), datetime('1912-04-15 02:20', '+1 hour')",
        "SELECT strftime('%Y', '1912-04-15'), julianday('1912-04-15') - julianday('1912-04-10')",
        "SELECT unixepoch('1970-01-02'), date('1912-04-15', 'start of month', '+1 month', '-1 day')",
    ],
    "layout": [
        "SELECT 1;",
        "SELECT 1 ; -- done",
        "SELECT 1;\n\n/* done */\n",
        "  \n\tSELECT\n\t1\r\n",
        "-- how many?\nSELECT COUNT(*) FROM titanic",
        "/* DROP TABLE titanic */ SELECT /* ; */ COUNT(*) FROM titanic -- ;",
        "SELECT name -- a comment with a ' quote\nFROM titanic LIMIT 1",
        "SeLeCt CoUnT(*) FrOm TITANIC",
        "SELECT name FROM titanic WHERE name = 'O''Brien; DROP'",
        "SELECT COUNT(*) AS \"select\", 1 AS 'from', 2 AS [a;b] FROM titanic",
    ],
}  # fmt: skip

OF_THE_SCHEMA = [
    "PRAGMA table_info(titanic)",
    "PRAGMA main.table_xinfo('titanic')",
    "SELECT name, type FROM pragma_table_info('titanic')",
    "SELECT name FROM sqlite_master WHERE type = 'table'",
    "SELECT COUNT(*) FROM sqlite_schema",
    "SELECT sql FROM main.sqlite_master WHERE tbl_name LIKE 'tit%'",
    "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p",
    "EXPLAIN QUERY PLAN SELECT * FROM titanic WHERE passenger_id = 1",
    "EXPLAIN SELECT COUNT(*) FROM titanic",
    "SELECT sqlite_version(), random() IS NOT NULL, date('now') > '2000'",
]
"""What the guard answers in its own way: only `titanic` is there to see."""
