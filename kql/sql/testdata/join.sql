-- Logs
-- | join kind=leftouter (Logs | summarize n = count() by Level) on Level
-- | project Level, n
SELECT c2, c13 FROM (
SELECT l.c2 AS c2, coalesce(r.c14, '') AS c14, r.c13 AS c13 FROM (
SELECT c2, c2 AS k1 FROM (
SELECT c2 FROM (SELECT "Level" FROM logs) AS t(c2))) AS l LEFT JOIN (
SELECT c14, c13, c14 AS k2 FROM (
SELECT c14, count(*) AS c13 FROM (
SELECT c8 AS c14 FROM (
SELECT c8 FROM (SELECT "Level" FROM logs) AS t(c8))) GROUP BY c14)) AS r ON l.k1 = r.k2)
