-- Logs
-- | where ['Odd"; --'] has "it''s"
-- | take 5
-- | project x = ['Odd"; --']
SELECT c7 FROM (
SELECT c6 AS c7 FROM (
SELECT c6 FROM (
SELECT c6 FROM (
SELECT c6 FROM (SELECT "Odd""; --" FROM logs) AS t(c6)) WHERE coalesce(kql_search(c6, 'it''''s', 7), (contains(lower(c6), lower('it''''s')) AND regexp_matches(c6, '(?:^|[^\p{L}\p{Nd}])(?i:it''''s)(?:$|[^\p{L}\p{Nd}])')))) LIMIT 5))
