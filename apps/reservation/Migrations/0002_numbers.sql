-- A short number for each reservation, for people and for clients whose ids are integers.
ALTER TABLE reservations ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX reservations_number ON reservations (number);
