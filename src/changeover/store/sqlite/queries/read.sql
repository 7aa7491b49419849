-- name: meta
SELECT generation, next_id, executions_ns, minutes_ns, counted_ns, hours_until_ns, days_until_ns
FROM meta

-- name: series
SELECT id, command, system, outcome FROM series

-- name: slots
SELECT start_ns, series, count, sum_ns, max_ns, histogram FROM slots
WHERE width_ns = :width_ns AND start_ns >= :start_ns AND start_ns < :end_ns

-- name: durations
SELECT at_ns, series, duration_ns FROM executions
WHERE is_error IN (0, 1) AND at_ns >= :start_ns AND at_ns < :end_ns

-- name: resource_figures
SELECT at_ns, rss_bytes, loop_lag_ns FROM resources WHERE at_ns >= :start_ns AND at_ns < :end_ns

-- name: execution_page
SELECT * FROM (
    SELECT * FROM (
        SELECT * FROM execution_records
        WHERE is_error = 0 AND at_ns >= :since_ns AND (at_ns, id) < (:at_ns, :id)
        ORDER BY at_ns DESC, id DESC LIMIT :limit
    )
    UNION ALL
    SELECT * FROM (
        SELECT * FROM execution_records
        WHERE is_error = 1 AND at_ns >= :since_ns AND (at_ns, id) < (:at_ns, :id)
        ORDER BY at_ns DESC, id DESC LIMIT :limit
    )
)
ORDER BY at_ns DESC, id DESC LIMIT :limit

-- name: execution_total
SELECT count(*) FROM executions WHERE is_error IN (0, 1) AND at_ns >= :since_ns

-- name: error_page
SELECT * FROM execution_records
WHERE is_error = 1 AND at_ns >= :since_ns AND (at_ns, id) < (:at_ns, :id)
ORDER BY at_ns DESC, id DESC LIMIT :limit

-- name: error_total
SELECT count(*) FROM executions WHERE is_error = 1 AND at_ns >= :since_ns

-- name: flag_check_page
SELECT * FROM flag_check_records
WHERE at_ns >= :since_ns AND (at_ns, id) < (:at_ns, :id)
ORDER BY at_ns DESC, id DESC LIMIT :limit

-- name: flag_check_total
SELECT count(*) FROM flag_checks WHERE at_ns >= :since_ns

-- name: resource_page
SELECT * FROM resource_records
WHERE at_ns >= :since_ns AND (at_ns, id) < (:at_ns, :id)
ORDER BY at_ns DESC, id DESC LIMIT :limit

-- name: resource_total
SELECT count(*) FROM resources WHERE at_ns >= :since_ns

-- name: executions_after
SELECT * FROM execution_records WHERE id > :after AND instance <> :but ORDER BY id LIMIT :limit

-- name: resources_after
SELECT * FROM resource_records WHERE id > :after AND instance <> :but ORDER BY id LIMIT :limit

-- name: first_since
SELECT min(id) FROM (
    SELECT id FROM executions WHERE is_error IN (0, 1) AND at_ns >= :since_ns
    UNION ALL
    SELECT id FROM resources WHERE at_ns >= :since_ns
)

-- name: executions_between
SELECT * FROM (
    SELECT * FROM execution_records
    WHERE is_error IN (0, 1) AND at_ns >= :start_ns AND at_ns < :end_ns
    ORDER BY at_ns DESC, id DESC LIMIT :limit
)
ORDER BY at_ns, id
