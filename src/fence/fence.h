/* understudy_fence inside: what its files know of each other. */
#ifndef UNDERSTUDY_FENCE_FENCE_H
#define UNDERSTUDY_FENCE_FENCE_H

#include "fence/page.h"

#pragma GCC visibility push(hidden) /* PostgreSQL loads libraries into one name space */

/* understudy_fence.c: settings, hooks and the page as this process sees it. */

extern bool fence_timing; /* GUC understudy_fence.timing */

/* Makes sure that this process looks at the file that is at the page's path now. */
extern void fence_follow_page(void);

/* Judges the page that was followed last. Async-signal-safe: it reads memory and clocks. */
extern enum understudy_verdict fence_judge(understudy_promise* promise);

/* What judging has cost this process while understudy_fence.timing was on. */
typedef struct fence_cost {
  int64 commits;      /* writing transactions judged before commit */
  int64 commit_ns;    /* in the callbacks before and after commit, all together */
  int64 answers;      /* times bytes were judged before they left */
  int64 answer_ns;    /* in those judgements */
  int64 slowest_send; /* longest from the clock reading to the return of the send, ns */
} fence_cost;
extern fence_cost fence_costs;

/* answer.c: nothing that tells of a commit leaves while the page is not open. */

/* From here on no byte leaves for the client unjudged. Call it before the commit can have happened:
 * already waiting for a synchronous standby can tell the client of it. */
extern void answer_commit_begins(void);

/* The commit begun is done: bytes are judged until the whole answer has left. */
extern void answer_commit_done(TransactionId xid);

/* The commit begun did not happen. */
extern void answer_commit_failed(void);

extern bool answer_commit_is_under_way(void);

#pragma GCC visibility pop

#endif
