-- Run once, as the application's role, when the database is made. The table understudy.epoch is not
-- made here: it belongs to Understudy.
CREATE TABLE entries (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key    text NOT NULL UNIQUE,  -- of the request, so that a second try writes nothing twice
  name   text NOT NULL,
  words  text NOT NULL,
  region text NOT NULL,
  epoch  bigint NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
