-- +goose Up
-- The evidence log and the change feed. Every database that the writer writes
-- has them: a headquarters' store and a terminal's spool.
CREATE TABLE evidence_head (
    hq   TEXT   NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL, -- leaves in the tree
    seq  BIGINT NOT NULL  -- last change announced
);
CREATE TABLE evidence_entry (
    hq   TEXT   NOT NULL,
    leaf BIGINT NOT NULL,
    at   BIGINT NOT NULL, -- epoch µs
    act  TEXT   NOT NULL,
    subject TEXT NOT NULL,
    body BYTEA  NOT NULL, -- the leaf's bytes, audit.Body
    PRIMARY KEY (hq, leaf)
);
CREATE INDEX evidence_entry_subject ON evidence_entry (hq, subject, leaf);
CREATE TABLE evidence_node (
    hq   TEXT   NOT NULL,
    idx  BIGINT NOT NULL, -- tlog's stored hash index
    hash BYTEA  NOT NULL,
    PRIMARY KEY (hq, idx)
);
CREATE TABLE feed_change (
    hq      TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL,
    leaf    BIGINT NOT NULL,
    PRIMARY KEY (hq, seq)
);
