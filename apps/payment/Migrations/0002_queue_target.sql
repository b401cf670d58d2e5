-- Which waiting room queue_sequence is a place of; null: the concert's own.
ALTER TABLE payments ADD COLUMN queue_target bigint;
