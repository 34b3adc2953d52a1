-- Logs
-- | mv-apply t = Tags on (where tostring(t) == "a" | count)
-- | project Level, Count
SELECT c2, c10 FROM (
SELECT c2, c5, c10 FROM (
SELECT l.c2 AS c2, l.c5 AS c5, r.c10 AS c10 FROM (
SELECT c2, c5 FROM (SELECT "Level", "Tags" FROM logs) AS t(c2, c5)) AS l, LATERAL (SELECT c10 FROM (
SELECT c9 AS c10 FROM (
SELECT count(*) AS c9 FROM (
SELECT one_row, o2 FROM (
SELECT c2, c5, c8, one_row, o2 FROM (
SELECT c2, c5, c7 AS c8, one_row, o2 FROM (
SELECT c2, c5, one_row, nullif(list_extract(x1, o2 + 1), 'null') AS c7, o2 FROM (
SELECT c2, c5, one_row, x1, unnest(range(0, len(x1))) AS o2 FROM (
SELECT c2, c5, one_row, CASE json_type(c5) WHEN 'ARRAY' THEN CAST(json_extract(c5, '$[*]') AS VARCHAR[]) WHEN 'OBJECT' THEN list_transform(list_zip(json_keys(c5), CAST(json_extract(c5, '$.*') AS VARCHAR[])), lambda p: '{' || to_json(p[1])::VARCHAR || ':' || p[2] || '}') ELSE [c5] END AS x1 FROM (
SELECT *, 0 AS one_row FROM (
SELECT l.c2 AS c2, l.c5 AS c5)))))) WHERE ((CASE WHEN c8 IS NULL THEN '' WHEN NOT starts_with(c8, '"') THEN c8 WHEN contains(c8, '\') THEN kql_tostring_dynamic(c8) ELSE substring(c8, 2, length(c8) - 2) END) = 'a')))))) AS r))
