-- +goose Up
-- 定型文: the headquarters' ready sentences for the chat, one list, replaced as a whole.
CREATE TABLE console_snippets (
    hq TEXT NOT NULL, list TEXT NOT NULL, version BIGINT NOT NULL,
    lines TEXT NOT NULL, -- JSON: texts of the house, no words of callers
    changed_by TEXT NOT NULL, changed_at BIGINT NOT NULL,
    PRIMARY KEY (hq, list)
);
