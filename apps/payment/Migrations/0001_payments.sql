-- The outcome and the timeline of every saga. A row exists before its workflow is started; the workflow's id is the row's.
CREATE TABLE payments (
    id             uuid PRIMARY KEY,
    user_id        bigint NOT NULL,
    reservation_id uuid   NOT NULL,
    concert_id     bigint NOT NULL,
    amount         bigint NOT NULL CHECK (amount > 0),
    queue_sequence bigint NOT NULL,
    status         text   NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'COMPENSATION_STUCK')),
    reason         text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
-- A reservation is paid by one payment at a time; a failed one leaves room for no other, its reservation being cancelled.
CREATE UNIQUE INDEX payments_of_reservation ON payments (reservation_id) WHERE status <> 'FAILED';
CREATE INDEX payments_unfinished ON payments (updated_at) WHERE status IN ('PENDING', 'PROCESSING', 'COMPENSATION_STUCK');

CREATE TABLE payment_steps (
    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    step       text NOT NULL,
    outcome    text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (payment_id, step)
);
