-- The boxoffice's database: events, their seats, who holds and who bought them.
-- Run once, as the application's role, when the database is made. The table understudy.epoch is
-- not made here: it belongs to Understudy, and the functions below only read it.

CREATE TABLE events (
  id        integer PRIMARY KEY,
  name      text NOT NULL,
  venue     text NOT NULL,
  starts_at timestamptz NOT NULL,
  price_cents integer NOT NULL DEFAULT 2500 CHECK (price_cents >= 0)
);

-- `version` counts the changes of a seat, so that a reader of the feed can drop an older message
-- that comes after a newer one.
CREATE TABLE seats (
  event   integer NOT NULL REFERENCES events,
  seat    integer NOT NULL,
  state   text NOT NULL DEFAULT 'free' CHECK (state IN ('free', 'held', 'sold')),
  version integer NOT NULL DEFAULT 0,
  PRIMARY KEY (event, seat)
);
CREATE INDEX seats_free ON seats (event, seat) WHERE state = 'free';

-- The unique index below is the last word against overselling, whatever the code does: of the
-- orders of a seat, at most one is not refunded.
CREATE TABLE orders (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        text NOT NULL UNIQUE,
  event      integer NOT NULL,
  seat       integer NOT NULL,
  buyer      text NOT NULL,
  asked_seat integer,
  asked_hold text,
  epoch      bigint NOT NULL,
  region     text NOT NULL,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  refunded_at timestamptz,  -- then the seat may be sold again
  FOREIGN KEY (event, seat) REFERENCES seats
);
CREATE UNIQUE INDEX orders_seat ON orders (event, seat) WHERE refunded_at IS NULL;
CREATE INDEX orders_buyer ON orders (buyer);

CREATE TABLE holds (
  token      text PRIMARY KEY,
  event      integer NOT NULL,
  seat       integer NOT NULL,
  buyer      text NOT NULL,
  expires_at timestamptz NOT NULL,
  epoch      bigint NOT NULL,
  region     text NOT NULL,
  UNIQUE (event, seat),
  FOREIGN KEY (event, seat) REFERENCES seats
);
CREATE INDEX holds_by_end ON holds (expires_at);

-- What other services are to be told: written in the transaction of what it tells, and worked off by
-- api-worker. The functions that work on it stand together below, after expire_holds.
CREATE TABLE outbox (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind      text NOT NULL,
  order_id  bigint NOT NULL REFERENCES orders,
  epoch     bigint NOT NULL,
  region    text NOT NULL,
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts  integer NOT NULL DEFAULT 0,                   -- that have failed
  due_at    timestamptz NOT NULL DEFAULT clock_timestamp(), -- nobody else's before; a claim moves it on
  done_at   timestamptz,
  failed_at timestamptz,                                  -- a dead letter: a person must look
  error     text,                                         -- of the last attempt that failed
  CHECK (done_at IS NULL OR failed_at IS NULL)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (id) WHERE failed_at IS NOT NULL;

-- What is sent to buyers, by mail or as a text message, at most once. `sending` is committed, and seen
-- on the standby, before a message leaves: whoever finds it so may not know that nothing was sent.
CREATE TABLE mails (
  order_id   bigint NOT NULL REFERENCES orders,
  medium     text NOT NULL CHECK (medium IN ('mail', 'text')),
  message_id text NOT NULL,   -- the same whenever it is sent
  state      text NOT NULL CHECK (state IN ('sending', 'sent', 'not_sent')),
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at    timestamptz,
  epoch      bigint NOT NULL,
  region     text NOT NULL,
  PRIMARY KEY (order_id, medium)
);
CREATE INDEX mails_sending ON mails (order_id) WHERE state = 'sending';

-- One row a second in the whole world: claimed and committed before that second's work begins.
CREATE TABLE cron_ticks (
  second   bigint PRIMARY KEY,  -- Unix time
  region   text NOT NULL,
  epoch    bigint NOT NULL,
  instance text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  expired  integer              -- holds that ran out; null until the work is done
);

-- `/s/<code>` leads to an event. Clicks are counted in each region's Redis and brought here.
CREATE TABLE short_links (
  code   text PRIMARY KEY CHECK (code ~ '^[a-z0-9-]{1,40}$'),
  event  integer NOT NULL REFERENCES events,
  clicks bigint NOT NULL DEFAULT 0,
  epoch  bigint NOT NULL,
  region text NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Does the database's epoch row say that `p_region` may write in `p_epoch`? A null epoch asks
-- nothing (an unprotected drill). Read in the transaction of every write.
CREATE FUNCTION may_write(p_epoch bigint, p_region text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_epoch IS NULL THEN RETURN true; END IF;
  RETURN EXISTS (SELECT 1 FROM understudy.epoch e WHERE e.epoch = p_epoch AND e.region = p_region);
END $$;

-- The order that `p_key` has already made, if any: 'repeated' when it asked the same.
CREATE FUNCTION find_order(p_key text, p_event integer, p_seat integer, p_buyer text, p_hold text,
  OUT outcome text, OUT order_id bigint, OUT seat_sold integer, OUT version integer,
  OUT epoch bigint, OUT region text)
LANGUAGE plpgsql STABLE AS $$
DECLARE o orders;
BEGIN
  SELECT * INTO o FROM orders WHERE key = p_key;
  IF NOT FOUND THEN RETURN; END IF;
  IF o.event = p_event AND o.buyer = p_buyer AND o.asked_seat IS NOT DISTINCT FROM p_seat
     AND o.asked_hold IS NOT DISTINCT FROM p_hold THEN
    outcome := 'repeated';
    order_id := o.id; seat_sold := o.seat; epoch := o.epoch; region := o.region;
  ELSE
    outcome := 'other_request';
  END IF;
END $$;

-- Sells one seat: `p_seat`, or the best one free. One round trip, one transaction.
-- outcome: sold | repeated | other_request | taken | held | sold_out | no_event | no_seat |
--          hold_over | other_epoch
-- Whoever was second with the same key waits for the first and answers its order.
CREATE FUNCTION buy(p_key text, p_event integer, p_seat integer, p_buyer text, p_hold text,
  p_epoch bigint, p_region text,
  OUT outcome text, OUT order_id bigint, OUT seat_sold integer, OUT version integer,
  OUT epoch bigint, OUT region text)
LANGUAGE plpgsql AS $$
DECLARE
  was text;
  refusal text;
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN outcome := 'other_epoch'; RETURN; END IF;

  SELECT f.* INTO outcome, order_id, seat_sold, version, epoch, region
    FROM find_order(p_key, p_event, p_seat, p_buyer, p_hold) f;
  IF outcome IS NOT NULL THEN RETURN; END IF;

  IF p_seat IS NULL THEN
    SELECT s.seat, s.state INTO seat_sold, was FROM seats s
      WHERE s.event = p_event AND s.state = 'free'
      ORDER BY s.seat LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      refusal := CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.id = p_event)
                      THEN 'sold_out' ELSE 'no_event' END;
    END IF;
  ELSE
    SELECT s.seat, s.state INTO seat_sold, was FROM seats s
      WHERE s.event = p_event AND s.seat = p_seat FOR UPDATE;
    IF NOT FOUND THEN
      refusal := CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.id = p_event)
                      THEN 'no_seat' ELSE 'no_event' END;
    ELSIF was = 'sold' THEN
      refusal := 'taken';
    ELSIF was = 'held' THEN
      DELETE FROM holds h WHERE h.event = p_event AND h.seat = p_seat AND h.token = p_hold
        AND h.expires_at > clock_timestamp();
      IF NOT FOUND THEN
        refusal := CASE WHEN p_hold IS NULL THEN 'held' ELSE 'hold_over' END;
      END IF;
    END IF;
  END IF;

  IF refusal IS NULL THEN
    INSERT INTO orders (key, event, seat, buyer, asked_seat, asked_hold, epoch, region)
      VALUES (p_key, p_event, seat_sold, p_buyer, p_seat, p_hold, coalesce(p_epoch, 0), p_region)
      ON CONFLICT (key) DO NOTHING RETURNING id INTO order_id;
    IF FOUND THEN
      UPDATE seats s SET state = 'sold', version = s.version + 1
        WHERE s.event = p_event AND s.seat = seat_sold RETURNING s.version INTO version;
      INSERT INTO outbox (kind, order_id, epoch, region)
        VALUES ('order.sold', order_id, coalesce(p_epoch, 0), p_region);
      outcome := 'sold'; epoch := coalesce(p_epoch, 0); region := p_region;
      RETURN;
    END IF;
  END IF;

  -- The same key may have won in the meantime: in the insert, or in the wait for the seat.
  SELECT f.* INTO outcome, order_id, seat_sold, version, epoch, region
    FROM find_order(p_key, p_event, p_seat, p_buyer, p_hold) f;
  outcome := coalesce(outcome, refusal);
END $$;

-- Keeps a seat for `p_seconds`. outcome: held | taken | sold_out | no_event | no_seat | other_epoch
CREATE FUNCTION hold(p_token text, p_event integer, p_seat integer, p_buyer text,
  p_seconds integer, p_epoch bigint, p_region text,
  OUT outcome text, OUT seat_held integer, OUT version integer, OUT expires_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE was text;
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN outcome := 'other_epoch'; RETURN; END IF;
  IF p_seat IS NULL THEN
    SELECT s.seat, s.state INTO seat_held, was FROM seats s
      WHERE s.event = p_event AND s.state = 'free'
      ORDER BY s.seat LIMIT 1 FOR UPDATE SKIP LOCKED;
  ELSE
    SELECT s.seat, s.state INTO seat_held, was FROM seats s
      WHERE s.event = p_event AND s.seat = p_seat FOR UPDATE;
  END IF;
  IF NOT FOUND THEN
    outcome := CASE WHEN NOT EXISTS (SELECT 1 FROM events e WHERE e.id = p_event) THEN 'no_event'
                    WHEN p_seat IS NULL THEN 'sold_out' ELSE 'no_seat' END;
    RETURN;
  END IF;
  IF was <> 'free' THEN outcome := 'taken'; RETURN; END IF;
  expires_at := clock_timestamp() + make_interval(secs => p_seconds);
  INSERT INTO holds (token, event, seat, buyer, expires_at, epoch, region)
    VALUES (p_token, p_event, seat_held, p_buyer, expires_at, coalesce(p_epoch, 0), p_region);
  UPDATE seats s SET state = 'held', version = s.version + 1
    WHERE s.event = p_event AND s.seat = seat_held RETURNING s.version INTO version;
  outcome := 'held';
END $$;

-- Gives a held seat back. outcome: released | no_hold | other_epoch
-- The seat's row is locked before the hold's, as everywhere, so that nobody deadlocks.
CREATE FUNCTION release(p_token text, p_epoch bigint, p_region text,
  OUT outcome text, OUT event_freed integer, OUT seat_freed integer, OUT version integer)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN outcome := 'other_epoch'; RETURN; END IF;
  outcome := 'no_hold';
  SELECT h.event, h.seat INTO event_freed, seat_freed FROM holds h WHERE h.token = p_token;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM 1 FROM seats s WHERE s.event = event_freed AND s.seat = seat_freed FOR UPDATE;
  DELETE FROM holds h WHERE h.token = p_token;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE seats s SET state = 'free', version = s.version + 1
    WHERE s.event = event_freed AND s.seat = seat_freed RETURNING s.version INTO version;
  outcome := 'released';
END $$;

-- Takes a sale back: the order stays, marked; the seat is free.
-- outcome: refunded | already_refunded | no_order | other_epoch
-- The seat's row is locked first, as everywhere.
CREATE FUNCTION refund(p_order bigint, p_epoch bigint, p_region text,
  OUT outcome text, OUT event_freed integer, OUT seat_freed integer, OUT version integer)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN outcome := 'other_epoch'; RETURN; END IF;
  outcome := 'no_order';
  SELECT o.event, o.seat INTO event_freed, seat_freed FROM orders o WHERE o.id = p_order;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM 1 FROM seats s WHERE s.event = event_freed AND s.seat = seat_freed FOR UPDATE;
  UPDATE orders o SET refunded_at = clock_timestamp()
    WHERE o.id = p_order AND o.refunded_at IS NULL;
  IF NOT FOUND THEN outcome := 'already_refunded'; RETURN; END IF;
  UPDATE seats s SET state = 'free', version = s.version + 1
    WHERE s.event = event_freed AND s.seat = seat_freed RETURNING s.version INTO version;
  outcome := 'refunded';
END $$;

-- outcome: made | repeated | other_event (the code leads elsewhere) | no_event | other_epoch
CREATE FUNCTION make_short_link(p_code text, p_event integer, p_epoch bigint, p_region text)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN 'other_epoch'; END IF;
  IF NOT EXISTS (SELECT 1 FROM events e WHERE e.id = p_event) THEN RETURN 'no_event'; END IF;
  INSERT INTO short_links (code, event, epoch, region)
    VALUES (p_code, p_event, coalesce(p_epoch, 0), p_region) ON CONFLICT DO NOTHING;
  IF FOUND THEN RETURN 'made'; END IF;
  RETURN CASE WHEN EXISTS (SELECT 1 FROM short_links l WHERE l.code = p_code AND l.event = p_event)
              THEN 'repeated' ELSE 'other_event' END;
END $$;

-- Adds what one region's Redis counted, {"code": clicks, ...}; false: not in this epoch.
CREATE FUNCTION count_clicks(p_clicks json, p_epoch bigint, p_region text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN false; END IF;
  UPDATE short_links l SET clicks = l.clicks + counted.value::bigint
    FROM json_each_text(p_clicks) counted WHERE l.code = counted.key;
  RETURN true;
END $$;

-- Claims second `p_second` for `p_region`; true if it is ours alone. Committed before its work.
CREATE FUNCTION claim_tick(p_second bigint, p_instance text, p_epoch bigint, p_region text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN false; END IF;
  INSERT INTO cron_ticks (second, region, epoch, instance)
    VALUES (p_second, p_region, coalesce(p_epoch, 0), p_instance) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- The work of a claimed second: frees the seats of holds that are over, and notes how many.
-- One row a freed seat.
CREATE FUNCTION expire_holds(p_second bigint, p_epoch bigint, p_region text)
RETURNS TABLE (event integer, seat integer, version integer) LANGUAGE plpgsql AS $$
DECLARE
  over record;
  freed integer := 0;
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN; END IF;
  FOR over IN
    SELECT h.token, s.event, s.seat FROM holds h JOIN seats s USING (event, seat)
      WHERE h.expires_at <= clock_timestamp() ORDER BY s.event, s.seat LIMIT 1000
      FOR UPDATE OF s SKIP LOCKED
  LOOP
    DELETE FROM holds h WHERE h.token = over.token;
    CONTINUE WHEN NOT FOUND;
    UPDATE seats s SET state = 'free', version = s.version + 1
      WHERE s.event = over.event AND s.seat = over.seat
      RETURNING s.event, s.seat, s.version INTO event, seat, version;
    freed := freed + 1;
    RETURN NEXT;
  END LOOP;
  UPDATE cron_ticks t SET expired = freed WHERE t.second = p_second;
END $$;

-- The outbox's functions. ----------------------------------------------------------------------

-- Wakes the workers. NOTIFY makes commits wait for each other, so only a row that finds nobody waiting
-- before it rings: a worker that has been woken comes back until nothing is due.
CREATE FUNCTION ring_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM outbox o WHERE o.done_at IS NULL AND o.failed_at IS NULL
                 AND o.due_at <= now() AND o.id <> NEW.id) THEN
    PERFORM pg_notify('outbox', '');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_rings AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION ring_outbox();

-- Claims at most `p_most` due rows for `p_lease`, after which they are due again. Committed before
-- their work. `lease`, its end, is the claim's name for finish_outbox and fail_outbox.
CREATE FUNCTION claim_outbox(p_most integer, p_lease interval, p_epoch bigint, p_region text)
RETURNS TABLE (id bigint, kind text, order_id bigint, attempts integer, lease timestamptz,
  buyer text, seat integer, event_name text, venue text, starts_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN; END IF;
  RETURN QUERY
    WITH due AS (
      SELECT o.id FROM outbox o
        WHERE o.done_at IS NULL AND o.failed_at IS NULL AND o.due_at <= now()
        ORDER BY o.due_at LIMIT p_most FOR UPDATE SKIP LOCKED),
    claimed AS (
      UPDATE outbox o SET due_at = clock_timestamp() + p_lease FROM due WHERE o.id = due.id
        RETURNING o.*)
    SELECT c.id, c.kind, c.order_id, c.attempts, c.due_at,
           r.buyer, r.seat, e.name, e.venue, e.starts_at
      FROM claimed c JOIN orders r ON r.id = c.order_id JOIN events e ON e.id = r.event
      ORDER BY c.id;
END $$;

-- Claims messages before they are sent; three lists of one length.
-- outcome: claimed | sent (it was) | sending (an earlier claim's, of which nobody knows the end)
CREATE FUNCTION claim_mails(p_orders bigint[], p_media text[], p_message_ids text[],
  p_epoch bigint, p_region text)
RETURNS TABLE (order_of bigint, medium_of text, outcome text) LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN; END IF;
  FOR i IN 1 .. cardinality(p_orders) LOOP
    INSERT INTO mails AS m (order_id, medium, message_id, state, epoch, region)
      VALUES (p_orders[i], p_media[i], p_message_ids[i], 'sending', coalesce(p_epoch, 0), p_region)
      ON CONFLICT (order_id, medium) DO UPDATE
        SET state = 'sending', claimed_at = clock_timestamp(), epoch = excluded.epoch,
            region = excluded.region
        WHERE m.state = 'not_sent';
    order_of := p_orders[i]; medium_of := p_media[i]; outcome := 'claimed';
    IF NOT FOUND THEN
      SELECT m.state INTO outcome FROM mails m
        WHERE m.order_id = p_orders[i] AND m.medium = p_media[i];
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- The work of a claim is done, and its messages of the media `p_sent` are sent. False: the claim was
-- over; that they were sent is noted even so.
CREATE FUNCTION finish_outbox(p_id bigint, p_lease timestamptz, p_sent text[],
  p_epoch bigint, p_region text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN false; END IF;
  UPDATE mails m SET state = 'sent', sent_at = clock_timestamp() FROM outbox o
    WHERE o.id = p_id AND m.order_id = o.order_id AND m.medium = ANY (p_sent);
  UPDATE outbox o SET done_at = clock_timestamp(), error = NULL
    WHERE o.id = p_id AND o.due_at = p_lease AND o.done_at IS NULL AND o.failed_at IS NULL;
  RETURN FOUND;
END $$;

-- The work of a claim has failed: due again after `p_wait`, a dead letter if that is null. Messages of
-- the media `p_sent` are sent, those of `p_not_sent` certainly not; of others nobody knows. A null
-- `p_error` is no failure: put back, since it was not its time. False: the claim was over.
CREATE FUNCTION fail_outbox(p_id bigint, p_lease timestamptz, p_sent text[], p_not_sent text[],
  p_error text, p_wait interval, p_epoch bigint, p_region text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE failed bigint;
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN false; END IF;
  UPDATE mails m SET state = 'sent', sent_at = clock_timestamp() FROM outbox o
    WHERE o.id = p_id AND m.order_id = o.order_id AND m.medium = ANY (p_sent);
  UPDATE outbox o
    SET attempts = o.attempts + CASE WHEN p_error IS NULL THEN 0 ELSE 1 END,
        error = coalesce(p_error, o.error),
        due_at = CASE WHEN p_wait IS NULL THEN o.due_at ELSE clock_timestamp() + p_wait END,
        failed_at = CASE WHEN p_wait IS NULL THEN clock_timestamp() END
    WHERE o.id = p_id AND o.due_at = p_lease AND o.done_at IS NULL AND o.failed_at IS NULL
    RETURNING o.order_id INTO failed;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE mails m SET state = 'not_sent'
    WHERE m.order_id = failed AND m.medium = ANY (p_not_sent) AND m.state = 'sending';
  RETURN true;
END $$;

-- A person's word that a dead letter is to be tried again, also one whose message may have been sent
-- already: it goes out under the same Message-ID. False: `p_id` is no dead letter, or another epoch's.
CREATE FUNCTION requeue(p_id bigint, p_epoch bigint, p_region text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE revived bigint;
BEGIN
  IF NOT may_write(p_epoch, p_region) THEN RETURN false; END IF;
  UPDATE outbox o SET attempts = 0, failed_at = NULL, due_at = clock_timestamp()
    WHERE o.id = p_id AND o.failed_at IS NOT NULL RETURNING o.order_id INTO revived;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE mails m SET state = 'not_sent' WHERE m.order_id = revived AND m.state = 'sending';
  PERFORM pg_notify('outbox', '');
  RETURN true;
END $$;

-- Messages that were claimed, never confirmed, and are nobody's work right now.
CREATE VIEW unsent AS
  SELECT m.order_id, m.medium, m.message_id, m.claimed_at, m.region, m.epoch, o.id AS outbox_id,
         o.failed_at IS NOT NULL AS dead_letter
    FROM mails m JOIN outbox o ON o.order_id = m.order_id AND o.kind = 'order.sold'
    WHERE m.state = 'sending'
      AND NOT (o.done_at IS NULL AND o.failed_at IS NULL AND o.due_at > clock_timestamp());

-- 400 events of 500 seats, of twelve kinds in as many halls; a hall is a partner.
INSERT INTO events (id, name, venue, starts_at, price_cents)
  SELECT n,
         (ARRAY['Chamber Choir', 'City Jazz', 'Puppet Theatre', 'Poetry Slam', 'Organ by Night',
                'Silent Film with Piano', 'Salsa Evening', 'Science Show', 'String Quartet',
                'Improvised Comedy', 'Brass on the Square', 'Folk Session'])[n % 12 + 1]
           || ', no. ' || n,
         (ARRAY['Old Granary', 'Harbour Hall', 'Theatre Royal', 'Glass House', 'St. Anne''s',
                'Cinema Lux', 'Tramshed', 'Observatory', 'Town Hall', 'Cellar Stage',
                'Market Square', 'The Anchor'])[n % 12 + 1],
         timestamptz '2030-01-01 20:00+00' + n * interval '1 day',
         1500 + n % 7 * 500
  FROM generate_series(1, 400) n;
INSERT INTO seats (event, seat)
  SELECT e, s FROM generate_series(1, 400) e, generate_series(1, 500) s;
ANALYZE;
