-- name: personality
SELECT p.* FROM handle h JOIN personality p ON p.id = h.personality_id WHERE h.key = :key;

-- name: insert_personality
INSERT INTO personality (name, owner_id, owner_name, prompt, created_s)
VALUES (:name, :owner_id, :owner_name, :prompt, :now);

-- name: insert_handle
INSERT INTO handle (key, text, is_name, personality_id) VALUES (:key, :text, :is_name, :id);

-- name: delete_personality
DELETE FROM personality WHERE id = :id;

-- name: aliases
SELECT text FROM handle WHERE personality_id = :id AND NOT is_name ORDER BY key;

-- name: count_owned
SELECT count(*) AS n FROM personality WHERE owner_id = :user;

-- name: list_owned
SELECT id, name FROM personality WHERE owner_id = :user ORDER BY id LIMIT :limit OFFSET :offset;

-- name: count_channels
SELECT count(*) AS n FROM activation WHERE personality_id = :id;

-- name: delete_volumetest
DELETE FROM personality WHERE owner_id = :user AND name GLOB 'volumetest-*';

-- name: activation
SELECT p.id, p.name FROM activation a JOIN personality p ON p.id = a.personality_id
WHERE a.channel_id = :channel;

-- name: activate
INSERT OR REPLACE INTO activation (channel_id, guild_id, personality_id, activated_by, activated_s)
VALUES (:channel, :guild, :id, :user, :now);

-- name: deactivate
DELETE FROM activation WHERE channel_id = :channel;

-- name: hear
INSERT INTO conversation VALUES (:user, :channel, :id, 1, :now)
ON CONFLICT DO UPDATE SET messages = messages + 1, last_s = :now;

-- name: conversation
SELECT messages FROM conversation
WHERE user_id = :user AND channel_id = :channel AND personality_id = :id;

-- name: latest_conversation
SELECT p.* FROM conversation c JOIN personality p ON p.id = c.personality_id
WHERE c.user_id = :user AND c.channel_id = :channel
ORDER BY c.last_s DESC, c.personality_id DESC LIMIT 1;

-- name: reset_one
DELETE FROM conversation
WHERE user_id = :user AND channel_id = :channel AND personality_id = :id;

-- name: reset_all
DELETE FROM conversation WHERE user_id = :user AND channel_id = :channel;

-- name: preference
SELECT autorespond, notify, level FROM preference WHERE user_id = :user;

-- name: set_autorespond
INSERT INTO preference (user_id, autorespond) VALUES (:user, :on)
ON CONFLICT DO UPDATE SET autorespond = :on;

-- name: set_notify
INSERT INTO preference (user_id, notify) VALUES (:user, :on)
ON CONFLICT DO UPDATE SET notify = :on;

-- name: set_level
INSERT INTO preference (user_id, notify, level) VALUES (:user, 1, :level)
ON CONFLICT DO UPDATE SET notify = 1, level = :level;

-- name: sign_in
SELECT * FROM sign_in WHERE user_id = :user;

-- name: open_code
INSERT INTO sign_in (user_id, serial, code_digest, code_expires_s)
VALUES (:user, :serial, :digest, :expires)
ON CONFLICT DO UPDATE
SET serial = :serial, code_digest = :digest, code_expires_s = :expires, wrong_codes = 0;

-- name: count_wrong_code
UPDATE sign_in SET wrong_codes = wrong_codes + 1 WHERE user_id = :user;

-- name: close_code
UPDATE sign_in SET code_digest = NULL, code_expires_s = NULL, wrong_codes = 0
WHERE user_id = :user;

-- name: set_token
UPDATE sign_in SET token_digest = :digest, token_expires_s = :expires WHERE user_id = :user;

-- name: delete_token
UPDATE sign_in SET token_digest = NULL, token_expires_s = NULL WHERE user_id = :user;

-- name: verification
SELECT verified_s FROM verification WHERE user_id = :user;

-- name: verify
INSERT OR IGNORE INTO verification VALUES (:user, :guild, :channel, :now);

-- name: totals
SELECT (SELECT count(*) FROM personality) AS personalities,
       (SELECT count(*) FROM handle WHERE NOT is_name) AS aliases,
       (SELECT count(*) FROM activation) AS activations,
       (SELECT count(*) FROM conversation) AS conversations,
       (SELECT count(*) FROM sign_in WHERE token_expires_s > :now) AS signed_in,
       (SELECT count(*) FROM verification) AS verified;

-- name: channel_totals
SELECT count(DISTINCT user_id) AS people, coalesce(sum(messages), 0) AS messages
FROM conversation WHERE channel_id = :channel;
