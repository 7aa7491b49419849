-- Version 1. Moments are wall-clock nanoseconds since 1970 UTC, durations nanoseconds.

CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL,                 -- tells this file from one that stood here before
    next_id INTEGER NOT NULL DEFAULT 1,          -- of executions and resources, in the order stored
    revision INTEGER NOT NULL DEFAULT 0,         -- commits of control state
    executions_ns INTEGER NOT NULL DEFAULT 0,    -- the five of tiers.Extent
    minutes_ns INTEGER NOT NULL DEFAULT 0,
    counted_ns INTEGER NOT NULL DEFAULT 0,
    hours_until_ns INTEGER NOT NULL DEFAULT 0,
    days_until_ns INTEGER NOT NULL DEFAULT 0
);
INSERT INTO meta (only, generation) VALUES (1, abs(random() % 1048576));

-- Dictionaries: what repeats in row after row.

CREATE TABLE instances (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    process INTEGER NOT NULL,
    shard TEXT,
    started_ns INTEGER NOT NULL,
    until_ns INTEGER NOT NULL                    -- none of its records is later
);

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    system TEXT NOT NULL,
    outcome TEXT NOT NULL,
    UNIQUE (command, system, outcome)
);

CREATE TABLE routes (                            -- how a call came in, and why it went where it went
    id INTEGER PRIMARY KEY,
    kind TEXT,
    reason TEXT,
    flag TEXT,
    share REAL
);
CREATE INDEX routes_by_flag ON routes (reason, flag, share);

CREATE TABLE questions (                         -- what a flag was asked, and what it said
    id INTEGER PRIMARY KEY,
    flag TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    command TEXT
);
CREATE INDEX questions_by_flag ON questions (flag, command);

-- Single records.

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    is_error INTEGER NOT NULL,                   -- these are kept longer
    instance INTEGER NOT NULL,
    series INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    route INTEGER NOT NULL,
    bucket REAL,
    error_type TEXT,
    error_message TEXT,
    error_fingerprint TEXT
);
CREATE INDEX executions_by_time ON executions (is_error, at_ns);

CREATE TABLE flag_checks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ns INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    question INTEGER NOT NULL,
    route INTEGER NOT NULL,
    bucket REAL
);
CREATE INDEX flag_checks_by_time ON flag_checks (at_ns);

CREATE TABLE resources (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    rss_bytes INTEGER NOT NULL,
    memory_limit_bytes INTEGER,
    cpu_machine_percent REAL,
    cpu_core_percent REAL,
    threads INTEGER NOT NULL,
    open_files INTEGER,
    gc_pause_max_ns INTEGER NOT NULL,
    gc_pause_total_ns INTEGER NOT NULL,
    loop_lag_ns INTEGER
);
CREATE INDEX resources_by_time ON resources (at_ns);

-- Counts that add up. The wider widths hold copies of the same counts.

CREATE TABLE slots (
    width_ns INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    series INTEGER NOT NULL,
    count INTEGER NOT NULL,
    sum_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (width_ns, start_ns, instance, series)
) WITHOUT ROWID;

-- Control state.

CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT,                                  -- JSON; NULL for a while after it was deleted
    version INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX documents_deleted ON documents (at_ns) WHERE value IS NULL;

CREATE TABLE flips (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ns INTEGER NOT NULL,
    subject TEXT NOT NULL,
    old TEXT,
    new TEXT,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX flips_by_subject ON flips (subject, id);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ns INTEGER NOT NULL,
    ttl_ns INTEGER NOT NULL
) WITHOUT ROWID;

-- Records with their dictionaries looked up. CROSS JOIN keeps the record first in the plan.

CREATE VIEW execution_records AS
SELECT e.id, e.at_ns, e.is_error, i.uid AS instance, s.command, s.system, s.outcome, e.duration_ns,
       e.error_type, e.error_message, e.error_fingerprint,
       r.kind, r.reason, r.flag, r.share, e.bucket
FROM executions AS e
CROSS JOIN instances AS i ON i.id = e.instance
CROSS JOIN series AS s ON s.id = e.series
CROSS JOIN routes AS r ON r.id = e.route;

CREATE VIEW flag_check_records AS
SELECT f.id, f.at_ns, i.uid AS instance, q.flag, q.enabled, q.command,
       r.reason, r.flag AS deciding_flag, r.share, f.bucket
FROM flag_checks AS f
CROSS JOIN instances AS i ON i.id = f.instance
CROSS JOIN questions AS q ON q.id = f.question
CROSS JOIN routes AS r ON r.id = f.route;

CREATE VIEW resource_records AS
SELECT r.id, r.at_ns, i.uid AS instance, r.rss_bytes, r.memory_limit_bytes,
       r.cpu_machine_percent, r.cpu_core_percent, r.threads, r.open_files,
       r.gc_pause_max_ns, r.gc_pause_total_ns, r.loop_lag_ns
FROM resources AS r
CROSS JOIN instances AS i ON i.id = r.instance;
