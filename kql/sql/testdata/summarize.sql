-- Logs
-- | where Took > 0.5
-- | summarize n = count(), top = max(Bytes), slow = countif(Took > 10) by bin(TimeGenerated, 5m), Level
-- | top 10 by n
SELECT c10, c11, c7, c8, c9 FROM (
SELECT c10, c11, c7, c8, c9 FROM (
SELECT c10, c11, count(*) AS c7, max(c4) AS c8, (count(*) FILTER (WHERE x1)) AS c9 FROM (
SELECT (c1 - c1 % (3000000000::BIGINT)) AS c10, c2 AS c11, c4, (c3 > 1e+01 AND NOT isnan(c3)) AS x1 FROM (
SELECT c1, c2, c3, c4 FROM (
SELECT c1, c2, c3, c4 FROM (SELECT "TimeGenerated", "Level", "Took", "Bytes" FROM logs) AS t(c1, c2, c3, c4)) WHERE (c3 > 5e-01 AND NOT isnan(c3)))) GROUP BY c10, c11) ORDER BY c7 DESC NULLS LAST LIMIT 10) ORDER BY c7 DESC NULLS LAST
