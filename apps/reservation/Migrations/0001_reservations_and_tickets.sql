-- A reservation's row decides between its confirm and its release: CANCELLED is final, so whoever comes second is refused.
CREATE TABLE reservations (
    id         uuid PRIMARY KEY,
    user_id    bigint NOT NULL,
    show_id    bigint NOT NULL,
    seats      bigint[] NOT NULL,
    amount     bigint NOT NULL,
    request    text NOT NULL,
    status     text NOT NULL CHECK (status IN ('HELD', 'CONFIRMED', 'CANCELLED', 'EXPIRED')),
    expires_at timestamptz NOT NULL,
    payment_id uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reservations_of_user ON reservations (user_id, created_at DESC);
CREATE INDEX reservations_held ON reservations (show_id, expires_at) WHERE status = 'HELD';

-- A seat is sold once: this key holds whatever happens to Redis.
CREATE TABLE tickets (
    show_id        bigint NOT NULL,
    seat_id        bigint NOT NULL,
    reservation_id uuid   NOT NULL REFERENCES reservations (id),
    payment_id     uuid   NOT NULL,
    user_id        bigint NOT NULL,
    issued_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (show_id, seat_id)
);
CREATE INDEX tickets_of_reservation ON tickets (reservation_id);
