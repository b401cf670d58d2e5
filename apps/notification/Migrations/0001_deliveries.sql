-- One row per event and channel. An event that comes again finds its row; a delivery that failed can be replayed.
CREATE TABLE deliveries (
    event_id     text NOT NULL,
    channel      text NOT NULL,
    topic        text NOT NULL,
    payload      jsonb NOT NULL,
    delivered_at timestamptz,
    attempts     int  NOT NULL DEFAULT 0,
    last_error   text,
    received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, channel)
);
CREATE INDEX deliveries_open ON deliveries (received_at) WHERE delivered_at IS NULL;
