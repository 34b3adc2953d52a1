-- Logs
-- | where TimeGenerated > ago(1h) and Level != "Info" and Tags.user.name == "ann"
-- | count
SELECT c7 FROM (
SELECT count(*) AS c7 FROM (
SELECT 1 AS one FROM (
SELECT c1, c2, c5 FROM (
SELECT *, nullif(CAST(json_extract(c5, '$."user"."name"') AS VARCHAR), 'null') AS x1 FROM (
SELECT c1, c2, c5 FROM (SELECT "TimeGenerated", "Level", "Tags" FROM logs) AS t(c1, c2, c5))) WHERE (((c1 > (638505724890000000::BIGINT)) AND (c2 <> 'Info')) AND ((CASE WHEN x1 IS NULL THEN '' WHEN NOT starts_with(x1, '"') THEN x1 WHEN contains(x1, '\') THEN kql_tostring_dynamic(x1) ELSE substring(x1, 2, length(x1) - 2) END) = 'ann')))))
