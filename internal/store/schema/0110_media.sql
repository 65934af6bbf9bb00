-- +goose Up
-- 画像・映像: what was said of a medium, and what became of its bytes. The bytes
-- lie in sealed files named by id (internal/store/blob).
CREATE TABLE media_medium (
    hq TEXT NOT NULL, id TEXT NOT NULL, report TEXT NOT NULL, medium TEXT NOT NULL,
    terminal TEXT NOT NULL, service TEXT NOT NULL, service_report TEXT NOT NULL, mode TEXT NOT NULL, late BIGINT NOT NULL,
    mime TEXT NOT NULL, stated_bytes BIGINT NOT NULL, digest_index TEXT NOT NULL, -- keyed index: a digest in clear tells whoever has a copy
    at BIGINT NOT NULL, state TEXT NOT NULL, unfinished BIGINT NOT NULL, reason TEXT NOT NULL, scan TEXT NOT NULL,
    bytes BIGINT NOT NULL, shown_mime TEXT NOT NULL, shown_bytes BIGINT NOT NULL, poster_bytes BIGINT NOT NULL,
    width BIGINT NOT NULL, height BIGINT NOT NULL, duration BIGINT NOT NULL, sound BIGINT NOT NULL,
    kept_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, disposed_at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller; the statement as it came with its label and digest, and where the medium was taken
    PRIMARY KEY (hq, id)
);
CREATE UNIQUE INDEX media_medium_report ON media_medium (hq, report, medium);
CREATE INDEX media_medium_unfinished ON media_medium (hq, late, at) WHERE unfinished = 1;
CREATE INDEX media_medium_at ON media_medium (hq, at);

CREATE TABLE media_look (
    hq TEXT NOT NULL, medium TEXT NOT NULL, person TEXT NOT NULL, report TEXT NOT NULL, console TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (hq, medium, person)
);
CREATE INDEX media_look_report ON media_look (hq, report, person);
