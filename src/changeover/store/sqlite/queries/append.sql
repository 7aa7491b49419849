-- name: meet_instance
INSERT INTO instances (uid, host, process, shard, started_ns, until_ns)
VALUES (:uid, :host, :process, :shard, :started_ns, :until_ns)
ON CONFLICT (uid) DO UPDATE SET until_ns = max(until_ns, excluded.until_ns)

-- name: find_instance
SELECT id FROM instances WHERE uid = :uid

-- name: find_series
SELECT id FROM series WHERE command = ? AND system = ? AND outcome = ?

-- name: add_series
INSERT INTO series (command, system, outcome) VALUES (?, ?, ?)

-- name: find_routes
SELECT id FROM routes WHERE kind IS ? AND reason IS ? AND flag IS ? AND share IS ?
    AND shard IS ?

-- name: add_routes
INSERT INTO routes (kind, reason, flag, share, shard) VALUES (?, ?, ?, ?, ?)

-- name: find_questions
SELECT id FROM questions WHERE flag = ? AND enabled = ? AND command IS ?

-- name: add_questions
INSERT INTO questions (flag, enabled, command) VALUES (?, ?, ?)

-- name: take_ids
UPDATE meta SET next_id = next_id + :count

-- name: add_execution
INSERT INTO executions (
    id, at_ns, is_error, instance, series, duration_ns, route, bucket,
    error_type, error_message, error_fingerprint
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: add_flag_check
INSERT INTO flag_checks (at_ns, instance, question, route, bucket) VALUES (?, ?, ?, ?, ?)

-- name: add_resource
INSERT INTO resources (
    id, at_ns, instance, rss_bytes, memory_limit_bytes, cpu_machine_percent, cpu_core_percent,
    threads, open_files, gc_pause_max_ns, gc_pause_total_ns, loop_lag_ns
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: add_slot
INSERT INTO slots (width_ns, start_ns, instance, series, count, sum_ns, max_ns, histogram)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (width_ns, start_ns, instance, series) DO UPDATE SET
    count = count + excluded.count,
    sum_ns = sum_ns + excluded.sum_ns,
    max_ns = max(max_ns, excluded.max_ns),
    histogram = merge_histograms(histogram, excluded.histogram)
