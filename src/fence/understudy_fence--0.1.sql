-- The fence works without these functions; they only show what it sees.
-- Without an installation, in a schema of your choice, put the library's absolute path in the
-- place of MODULE_PATHNAME and leave the next line out.
\echo Use "CREATE EXTENSION understudy_fence" to load this file. \quit

CREATE FUNCTION status(OUT verdict text, OUT open boolean, OUT remaining_ms bigint,
                       OUT epoch bigint, OUT term bigint, OUT serial bigint)
  LANGUAGE c VOLATILE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'understudy_fence_status';
COMMENT ON FUNCTION status() IS 'may this region write now, and until when is it promised';

CREATE FUNCTION cost(OUT commits bigint, OUT commit_ns double precision, OUT answers bigint,
                     OUT answer_ns double precision, OUT slowest_send_ns bigint)
  LANGUAGE c VOLATILE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'understudy_fence_cost';
COMMENT ON FUNCTION cost() IS 'what the fence cost this session while understudy_fence.timing was on';

CREATE FUNCTION measure(times integer) RETURNS double precision
  LANGUAGE c STRICT VOLATILE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'understudy_fence_measure';
COMMENT ON FUNCTION measure(integer) IS 'nanoseconds of one judgement, averaged over so many';
