-- Version 2: the shard of the gateway that a call came through; null where there is none.

ALTER TABLE routes ADD COLUMN shard INTEGER;

DROP VIEW execution_records;

CREATE VIEW execution_records AS
SELECT e.id, e.at_ns, e.is_error, i.uid AS instance, s.command, s.system, s.outcome, e.duration_ns,
       e.error_type, e.error_message, e.error_fingerprint,
       r.kind, r.reason, r.flag, r.share, e.bucket, r.shard
FROM executions AS e
CROSS JOIN instances AS i ON i.id = e.instance
CROSS JOIN series AS s ON s.id = e.series
CROSS JOIN routes AS r ON r.id = e.route;
