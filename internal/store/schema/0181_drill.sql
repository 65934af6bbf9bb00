-- +goose Up
-- 回線断訓練: a terminal from which the server keeps away for a while, and the record of it.
CREATE TABLE terminal_drill (
    hq TEXT NOT NULL, id TEXT NOT NULL, terminal TEXT NOT NULL, state TEXT NOT NULL,
    cut_at BIGINT NOT NULL, until BIGINT NOT NULL, restored_at BIGINT NOT NULL, ended_at BIGINT NOT NULL,
    restored TEXT NOT NULL, digest TEXT NOT NULL,
    body BYTEA NOT NULL, -- sealed: staff; reason, who leads it, record
    PRIMARY KEY (hq, id)
);
CREATE INDEX terminal_drill_state ON terminal_drill (hq, state, terminal);
