-- +goose Up

-- What each service said that it can do. Nothing in it is about a caller.
CREATE TABLE spool_offer (
    hq      TEXT   NOT NULL,
    service TEXT   NOT NULL,
    body    TEXT   NOT NULL, -- stdif.Offer as JSON
    at      BIGINT NOT NULL,
    PRIMARY KEY (hq, service)
);
