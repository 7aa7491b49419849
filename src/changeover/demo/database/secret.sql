-- name: keep_secret
INSERT OR IGNORE INTO meta VALUES ('secret', ?);

-- name: secret
SELECT value FROM meta WHERE key = 'secret';
