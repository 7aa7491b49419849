-- What the bot keeps. Both implementations work on one file at the same time.

PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 1000;

CREATE TABLE IF NOT EXISTS meta (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS personality (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  owner_name TEXT NOT NULL,
  prompt TEXT NOT NULL,
  created_s INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS personality_of_owner ON personality (owner_id, id);

-- Names and aliases share one key, so that no word can ever mean two personalities.
CREATE TABLE IF NOT EXISTS handle (
  key TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  is_name INTEGER NOT NULL,
  personality_id INTEGER NOT NULL REFERENCES personality (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS handle_of_personality ON handle (personality_id);

CREATE TABLE IF NOT EXISTS activation (
  channel_id INTEGER PRIMARY KEY,
  guild_id INTEGER,
  personality_id INTEGER NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
  activated_by INTEGER NOT NULL,
  activated_s INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS activation_of_personality ON activation (personality_id);

CREATE TABLE IF NOT EXISTS conversation (
  user_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  personality_id INTEGER NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
  messages INTEGER NOT NULL,
  last_s INTEGER NOT NULL,
  PRIMARY KEY (user_id, channel_id, personality_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversation_of_personality ON conversation (personality_id);

CREATE TABLE IF NOT EXISTS preference (
  user_id INTEGER PRIMARY KEY,
  autorespond INTEGER NOT NULL DEFAULT 0,
  notify INTEGER NOT NULL DEFAULT 0,
  level TEXT NOT NULL DEFAULT 'minor'
);

-- Codes and tokens are kept as digests only.
CREATE TABLE IF NOT EXISTS sign_in (
  user_id INTEGER PRIMARY KEY,
  serial INTEGER NOT NULL DEFAULT 0,
  code_digest TEXT,
  code_expires_s INTEGER,
  wrong_codes INTEGER NOT NULL DEFAULT 0,
  token_digest TEXT,
  token_expires_s INTEGER
);

CREATE TABLE IF NOT EXISTS verification (
  user_id INTEGER PRIMARY KEY,
  guild_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  verified_s INTEGER NOT NULL
);
