/* What a session can ask the fence: its verdict, and what it costs. */
#include "postgres.h"

#include "fence/fence.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(understudy_fence_status);
PG_FUNCTION_INFO_V1(understudy_fence_cost);
PG_FUNCTION_INFO_V1(understudy_fence_measure);

static HeapTuple row_of(FunctionCallInfo fcinfo, Datum* values, bool* nulls) {
  TupleDesc row;
  if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("understudy_fence: the function must be declared to return its record"),
                    errhint("Declare it as understudy_fence--0.1.sql does.")));
  return heap_form_tuple(BlessTupleDesc(row), values, nulls);
}

/* (verdict text, open boolean, remaining_ms bigint, epoch bigint, term bigint, serial bigint);
 * remaining_ms is null while the promise is endless, and what cannot be read is null. */
Datum understudy_fence_status(PG_FUNCTION_ARGS) {
  understudy_promise promise;
  enum understudy_verdict verdict;
  Datum values[6] = {0};
  bool nulls[6] = {false, false, true, true, true, true};
  memset(&promise, 0, sizeof promise);
  fence_follow_page();
  verdict = fence_judge(&promise);
  values[0] = CStringGetTextDatum(understudy_verdict_text(verdict));
  values[1] = BoolGetDatum(verdict == UNDERSTUDY_OPEN);
  if (verdict != UNDERSTUDY_NO_PAGE && verdict != UNDERSTUDY_TORN) {
    const int64 left = promise.deadline_boot_ns - understudy_clock_ns(CLOCK_BOOTTIME);
    values[2] = Int64GetDatum(verdict == UNDERSTUDY_OPEN ? left / INT64CONST(1000000) : 0);
    values[3] = Int64GetDatum((int64)promise.epoch);
    values[4] = Int64GetDatum((int64)promise.term);
    values[5] = Int64GetDatum((int64)promise.serial);
    nulls[2] = verdict == UNDERSTUDY_OPEN && promise.endless;
    nulls[3] = nulls[4] = nulls[5] = false;
  }
  PG_RETURN_DATUM(HeapTupleGetDatum(row_of(fcinfo, values, nulls)));
}

/* (commits bigint, commit_ns float8, answers bigint, answer_ns float8, slowest_send_ns bigint) of
 * this session while understudy_fence.timing was on; averages per commit and per answer. */
Datum understudy_fence_cost(PG_FUNCTION_ARGS) {
  const fence_cost seen = fence_costs;
  Datum values[5];
  bool nulls[5] = {false};
  values[0] = Int64GetDatum(seen.commits);
  values[1] = Float8GetDatum(seen.commits ? (double)seen.commit_ns / (double)seen.commits : 0);
  values[2] = Int64GetDatum(seen.answers);
  values[3] = Float8GetDatum(seen.answers ? (double)seen.answer_ns / (double)seen.answers : 0);
  values[4] = Int64GetDatum(seen.slowest_send);
  PG_RETURN_DATUM(HeapTupleGetDatum(row_of(fcinfo, values, nulls)));
}

/* Judges as before a commit, `times` times; nanoseconds each. */
Datum understudy_fence_measure(PG_FUNCTION_ARGS) {
  const int32 times = PG_GETARG_INT32(0);
  understudy_promise promise;
  int64_t began;
  int32 done;
  if (times < 1 || times > 100000000)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("understudy_fence.measure takes 1 to 100000000 times, not %d", times)));
  began = understudy_clock_ns(CLOCK_MONOTONIC);
  for (done = 0; done < times; ++done) {
    fence_follow_page();
    (void)fence_judge(&promise);
    if (done % 1024 == 0) CHECK_FOR_INTERRUPTS();
  }
  PG_RETURN_FLOAT8((double)(understudy_clock_ns(CLOCK_MONOTONIC) - began) / times);
}
