-- name: find
SELECT p.id, p.name, p.owner_id, p.owner_name, p.prompt, p.created_s
FROM personality p JOIN handle h ON h.personality_id = p.id
WHERE h.key = ?;

-- name: owned_by
SELECT id, name, owner_id, owner_name, prompt, created_s
FROM personality WHERE owner_id = ? ORDER BY id LIMIT ? OFFSET ?;

-- name: aliases_of
SELECT text FROM handle WHERE personality_id = ? AND is_name = 0 ORDER BY key;

-- name: count_owned_by
SELECT count(*) FROM personality WHERE owner_id = ?;

-- name: add_personality
INSERT INTO personality (name, owner_id, owner_name, prompt, created_s) VALUES (?, ?, ?, ?, ?);

-- name: add_handle
INSERT INTO handle (key, text, is_name, personality_id) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET text = excluded.text
WHERE personality_id = excluded.personality_id;

-- name: remove
DELETE FROM personality WHERE id = ?;

-- name: remove_tests_of
DELETE FROM personality WHERE owner_id = ? AND name GLOB 'volumetest-*';

-- name: active
SELECT p.name FROM personality p JOIN activation a ON a.personality_id = p.id
WHERE a.channel_id = ?;

-- name: activate
INSERT INTO activation (channel_id, guild_id, personality_id, activated_by, activated_s)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (channel_id) DO UPDATE
SET guild_id = excluded.guild_id, personality_id = excluded.personality_id,
    activated_by = excluded.activated_by, activated_s = excluded.activated_s;

-- name: deactivate
DELETE FROM activation WHERE channel_id = ?;

-- name: count_channels_of
SELECT count(*) FROM activation WHERE personality_id = ?;

-- name: forget
DELETE FROM conversation
WHERE user_id = ?1 AND channel_id = ?2 AND personality_id = ifnull(?3, personality_id);

-- name: channel_statistics
SELECT count(DISTINCT user_id), ifnull(sum(messages), 0) FROM conversation WHERE channel_id = ?;

-- name: sign_in
SELECT serial, code_digest, code_expires_s, wrong_codes, token_digest, token_expires_s
FROM sign_in WHERE user_id = ?;

-- name: save_sign_in
INSERT OR REPLACE INTO sign_in
  (user_id, serial, code_digest, code_expires_s, wrong_codes, token_digest, token_expires_s)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: verification
SELECT user_id, guild_id, channel_id, verified_s FROM verification WHERE user_id = ?;

-- name: add_verification
INSERT INTO verification (user_id, guild_id, channel_id, verified_s) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- name: preferences
SELECT user_id, autorespond, notify, level FROM preference WHERE user_id = ?;

-- name: save_preferences
INSERT OR REPLACE INTO preference (user_id, autorespond, notify, level) VALUES (?, ?, ?, ?);

-- name: totals
SELECT 'personalities', count(*) FROM personality
UNION ALL SELECT 'aliases', count(*) FROM handle WHERE is_name = 0
UNION ALL SELECT 'activations', count(*) FROM activation
UNION ALL SELECT 'conversations', count(*) FROM conversation
UNION ALL SELECT 'signed_in', count(*) FROM sign_in WHERE token_expires_s > ?
UNION ALL SELECT 'verified', count(*) FROM verification;
