-- Logs
-- | sort by TimeGenerated asc
-- | extend gap = TimeGenerated - prev(TimeGenerated)
-- | project gap
SELECT c8 FROM (
SELECT c1, (c1 - c7) AS c8, o1 FROM (
SELECT x2 AS c7, c1, o1 FROM (
SELECT *, (lag(c1, 1, NULL) OVER (ORDER BY o1 ASC NULLS LAST)) AS x2 FROM (
SELECT c1, row_number() OVER (ORDER BY c1 ASC NULLS FIRST) AS o1 FROM (
SELECT c1 FROM (SELECT "TimeGenerated" FROM logs) AS t(c1)))))) ORDER BY o1 ASC NULLS LAST
