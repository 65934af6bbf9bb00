-- +goose Up
-- What headquarters asked of a service, or did by telephone, about a report.

-- 映像依頼: a link that a dispatcher had sent to somebody's telephone.
CREATE TABLE report_video (
    hq TEXT NOT NULL, id TEXT NOT NULL,
    origin TEXT NOT NULL, answer TEXT NOT NULL, -- reports at headquarters: asked from, and made by the service; '' = none
    terminal TEXT NOT NULL, service TEXT NOT NULL, mode TEXT NOT NULL, purpose TEXT NOT NULL,
    state TEXT NOT NULL, problem BIGINT NOT NULL, phone_index TEXT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL,
    asked_at BIGINT NOT NULL, delivered_at BIGINT NOT NULL, sent_at BIGINT NOT NULL, opened_at BIGINT NOT NULL,
    consented_at BIGINT NOT NULL, live_at BIGINT NOT NULL, ended_at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller; number and words
    PRIMARY KEY (hq, id)
);
CREATE INDEX report_video_origin ON report_video (hq, origin, asked_at);
CREATE INDEX report_video_answer ON report_video (hq, answer, asked_at);

-- 連絡: telephone calls that a person wrote down, call-backs and clips that a service was asked for.
CREATE TABLE report_contact (
    hq TEXT NOT NULL, report TEXT NOT NULL, id TEXT NOT NULL,
    kind TEXT NOT NULL, party TEXT NOT NULL, outcome TEXT NOT NULL, clip TEXT NOT NULL, to_hq TEXT NOT NULL,
    delivery TEXT NOT NULL, at BIGINT NOT NULL, recorded_at BIGINT NOT NULL, changed_at BIGINT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller; number, who answered, note
    PRIMARY KEY (hq, report, id)
);
