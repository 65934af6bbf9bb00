-- The spool of a terminal (専用端末). Every row is written by an act and committed
-- to by its evidence entry. Columns: BIGINT, TEXT, BYTEA, never NULL; times are µs
-- since 1970 UTC; booleans 0 and 1. Nothing about a caller stands in clear: body,
-- private and detail are sealed, digest is a keyed index.

-- +goose Up

-- What the terminal handed over or will: numbered without gaps, never changed.
CREATE TABLE spool_frame (
    hq        TEXT   NOT NULL,
    seq       BIGINT NOT NULL,
    msg_id    TEXT   NOT NULL,
    service   TEXT   NOT NULL,
    report_id TEXT   NOT NULL, -- the service's number; msg_id of the first frame where none could be read
    type      TEXT   NOT NULL, -- open1.Type
    item      TEXT   NOT NULL, -- revision, chat id, medium, state or digest: with type the idempotency key within a report
    digest    BYTEA  NOT NULL, -- keyed index of the content: a repeat with other content is a conflict
    mode      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    class     TEXT   NOT NULL, -- class of the sealing key
    body      BYTEA  NOT NULL,
    PRIMARY KEY (hq, seq)
);
-- Queries order by +seq where this index must be used and not the primary key.
CREATE INDEX spool_frame_item ON spool_frame (hq, service, report_id, type, item, seq);

-- One row per report: where it stands, as far as the terminal knows.
CREATE TABLE spool_report (
    hq            TEXT   NOT NULL,
    service       TEXT   NOT NULL,
    report_id     TEXT   NOT NULL,
    mode          TEXT   NOT NULL,
    revision      BIGINT NOT NULL, -- 0 while nothing of it could be decoded
    frame_seq     BIGINT NOT NULL, -- report.upsert of the revision, 0 without one
    raw_seq       BIGINT NOT NULL, -- newest report.raw, 0 without one
    ring_seq      BIGINT NOT NULL, -- the newer of both
    last_seq      BIGINT NOT NULL, -- newest frame of any type
    first_at      BIGINT NOT NULL,
    touched_at    BIGINT NOT NULL,
    step          TEXT   NOT NULL, -- stdif.AckStep as told by inputs; received follows from spool_ack
    step_at       BIGINT NOT NULL,
    claimed       BIGINT NOT NULL,
    closed        BIGINT NOT NULL,
    ended         BIGINT NOT NULL,
    handled_alone BIGINT NOT NULL,
    ring          BIGINT NOT NULL, -- the headquarters asked this page to ring
    quiet         BIGINT NOT NULL, -- a person at this page stopped the ring
    private       BYTEA  NOT NULL,
    PRIMARY KEY (hq, service, report_id)
);
CREATE INDEX spool_report_open ON spool_report (hq, closed, ring_seq);
CREATE INDEX spool_report_ring ON spool_report (hq, ring_seq) WHERE ring = 1;
CREATE INDEX spool_report_last ON spool_report (hq, last_seq);

-- Runs of frames that are durable at the headquarters.
CREATE TABLE spool_ack (
    hq       TEXT   NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq   BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    kept     BIGINT NOT NULL, -- reading of the retention counter, µs
    PRIMARY KEY (hq, from_seq)
);

-- What the headquarters handed to the services.
CREATE TABLE spool_input (
    hq        TEXT   NOT NULL,
    seq       BIGINT NOT NULL, -- cursor of the services' event streams
    id        TEXT   NOT NULL,
    service   TEXT   NOT NULL,
    report_id TEXT   NOT NULL,
    verb      TEXT   NOT NULL,
    mode      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    body      BYTEA  NOT NULL,
    PRIMARY KEY (hq, seq)
);
CREATE UNIQUE INDEX spool_input_id ON spool_input (hq, id);
CREATE INDEX spool_input_report ON spool_input (hq, service, report_id);

-- Media lie in sealed files beside the database; the row is written last.
CREATE TABLE spool_media (
    hq        TEXT   NOT NULL,
    service   TEXT   NOT NULL,
    report_id TEXT   NOT NULL,
    medium    TEXT   NOT NULL,
    file      TEXT   NOT NULL,
    mime      TEXT   NOT NULL,
    bytes     BIGINT NOT NULL, -- of the medium itself
    seal      BYTEA  NOT NULL, -- SHA-256 of the sealed file: verifying needs no key
    digest    BYTEA  NOT NULL, -- keyed index of the medium's SHA-256
    at        BIGINT NOT NULL,
    PRIMARY KEY (hq, service, report_id, medium)
);

-- Services that share this terminal.
CREATE TABLE spool_service (
    hq          TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    credential  BYTEA  NOT NULL, -- SHA-256 of 256 random bits
    output_only BIGINT NOT NULL,
    origins     TEXT   NOT NULL, -- one per line
    added_at    BIGINT NOT NULL,
    removed     BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);

CREATE TABLE spool_meta (
    hq    TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (hq, name)
);
