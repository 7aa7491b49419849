-- name: documents
SELECT key, value, version FROM documents WHERE kind = :kind AND value IS NOT NULL ORDER BY key

-- name: document
SELECT value IS NOT NULL, version FROM documents WHERE kind = :kind AND key = :key

-- name: write_document
INSERT INTO documents (kind, key, value, version, at_ns)
VALUES (:kind, :key, :value, :version, :at_ns)
ON CONFLICT (kind, key) DO UPDATE SET
    value = excluded.value, version = excluded.version, at_ns = excluded.at_ns

-- name: drop_tombstones
DELETE FROM documents WHERE value IS NULL AND at_ns <= :before_ns

-- name: add_flip
INSERT INTO flips (at_ns, subject, old, new, actor, reason) VALUES (?, ?, ?, ?, ?, ?)

-- name: drop_flips
DELETE FROM flips WHERE id <= (SELECT max(id) FROM flips) - :kept

-- name: flips
SELECT at_ns, subject, old, new, actor, reason FROM flips ORDER BY id DESC LIMIT :limit

-- name: flips_of
SELECT at_ns, subject, old, new, actor, reason FROM flips
WHERE subject = :subject ORDER BY id DESC LIMIT :limit

-- name: bump_revision
UPDATE meta SET revision = revision + 1

-- name: revision
SELECT generation, revision FROM meta

-- name: lease
SELECT holder, until_ns, ttl_ns FROM leases WHERE name = :name

-- name: take_lease
INSERT INTO leases (name, holder, until_ns, ttl_ns) VALUES (:name, :holder, :until_ns, :ttl_ns)
ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder, until_ns = excluded.until_ns, ttl_ns = excluded.ttl_ns
