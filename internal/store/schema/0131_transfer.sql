-- +goose Up
-- 転送 to other headquarters
CREATE TABLE transfer_partner (
    hq TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL,
    authority TEXT NOT NULL, added_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE TABLE transfer_transfer (
    hq TEXT NOT NULL, id TEXT NOT NULL, report TEXT NOT NULL, method TEXT NOT NULL, partner TEXT NOT NULL, state TEXT NOT NULL,
    number TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL,
    offered_at BIGINT NOT NULL, received_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, accepted_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL, reason TEXT NOT NULL, stuck_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller; the record of a transfer by telephone
    PRIMARY KEY (hq, id)
);
CREATE INDEX transfer_transfer_report ON transfer_transfer (hq, report, offered_at);
CREATE INDEX transfer_transfer_updated ON transfer_transfer (hq, updated_at);
