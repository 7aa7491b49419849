-- name: reached
UPDATE meta SET
    executions_ns = :executions_ns,
    minutes_ns = :minutes_ns,
    counted_ns = :counted_ns,
    hours_until_ns = :hours_until_ns,
    days_until_ns = :days_until_ns

-- name: chunk_end
SELECT start_ns FROM slots
WHERE width_ns = :width_ns AND start_ns >= :start_ns AND start_ns < :end_ns
ORDER BY start_ns LIMIT 1 OFFSET :rows

-- name: slots_by_instance
SELECT start_ns, instance, series, count, sum_ns, max_ns, histogram FROM slots
WHERE width_ns = :width_ns AND start_ns >= :start_ns AND start_ns < :end_ns

-- name: drop_executions
DELETE FROM executions WHERE id IN (
    SELECT id FROM executions WHERE is_error = 0 AND at_ns < :before_ns ORDER BY at_ns LIMIT :rows
)

-- name: drop_failures
DELETE FROM executions WHERE id IN (
    SELECT id FROM executions WHERE is_error = 1 AND at_ns < :before_ns ORDER BY at_ns LIMIT :rows
)

-- name: drop_flag_checks
DELETE FROM flag_checks WHERE id IN (
    SELECT id FROM flag_checks WHERE at_ns < :before_ns ORDER BY at_ns LIMIT :rows
)

-- name: drop_resources
DELETE FROM resources WHERE id IN (
    SELECT id FROM resources WHERE at_ns < :before_ns ORDER BY at_ns LIMIT :rows
)

-- name: slot_after
SELECT start_ns, instance, series FROM slots
WHERE width_ns = :width_ns AND start_ns < :before_ns
ORDER BY start_ns, instance, series LIMIT 1 OFFSET :rows

-- name: drop_slots
DELETE FROM slots
WHERE width_ns = :width_ns AND start_ns < :before_ns

-- name: drop_slots_up_to
DELETE FROM slots
WHERE width_ns = :width_ns AND (start_ns, instance, series) < (:start_ns, :instance, :series)

-- name: drop_instances
DELETE FROM instances WHERE until_ns < :before_ns

-- name: executions_from_to
SELECT (SELECT min(at_ns) FROM executions WHERE is_error = 0),
       (SELECT max(at_ns) FROM executions WHERE is_error = 0)

-- name: failures_from_to
SELECT (SELECT min(at_ns) FROM executions WHERE is_error = 1),
       (SELECT max(at_ns) FROM executions WHERE is_error = 1)

-- name: flag_checks_from_to
SELECT (SELECT min(at_ns) FROM flag_checks), (SELECT max(at_ns) FROM flag_checks)

-- name: resources_from_to
SELECT (SELECT min(at_ns) FROM resources), (SELECT max(at_ns) FROM resources)

-- name: slots_from_to
SELECT (SELECT min(start_ns) FROM slots WHERE width_ns = :width_ns),
       (SELECT max(start_ns) FROM slots WHERE width_ns = :width_ns)
