/* Nothing that tells of a commit leaves for the client while the page is not open.
 *
 * Everything a backend sends goes through PqCommMethods. From a commit's beginning until its whole
 * answer has left, the methods here stand in front of the socket's own:
 *
 * - They judge the page immediately before bytes go to the kernel, each time. So they wait for a
 *   slow client themselves: the socket's own flush would judge nothing after its wait.
 * - If the page is not open, the socket is shut down. The backend notices and ends by itself;
 *   nobody else's session and nothing shared is touched.
 * - What remains are the instructions between the clock reading and send(2). A process that is
 *   frozen or preempted exactly there is caught as it goes on, before it reaches the send: SIGCONT
 *   and a timer at the promised deadline have a handler that judges again. The kernel runs pending
 *   handlers before it lets the process execute another instruction of its own.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "access/xact.h"
#include "fence/fence.h"
#include "libpq/libpq-be.h"
#include "libpq/libpq.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/wait_event.h"

#define kBufferedBytes 8192 /* of an answer, before they are sent: the socket's own measure */
#define kLookAgainMs 200    /* while a client does not read */
#define kGuardSignal (SIGRTMIN + 6) /* PostgreSQL uses no real-time signals */

static const PQcommMethods* socket_methods = NULL; /* the ones stood in front of, once needed */

/* A commit may happen, or has; and its answer's last message, ReadyForQuery, is in the buffer. */
static bool under_way = false;
static bool owed = false;
static bool complete = false;
static TransactionId last_xid = InvalidTransactionId;

static bool inside = false;    /* in a flush of ours: what signals and errors send is dropped */
static bool buffering = false; /* the socket's own methods call back here to fill their buffer */
static size_t buffered = 0;

static volatile sig_atomic_t sending = false; /* judged, and not yet sent */
static volatile sig_atomic_t cut = false;     /* the client's socket is shut down */
static bool cut_reported = false;

static timer_t guard;
static enum { kNoGuard, kGuard, kGuardFailed } guard_state = kNoGuard;
static volatile int64_t guard_until = 0; /* the deadline that the timer is set to, or 0 */

static bool pending(void) { return under_way || owed; }

static void set_guard(int64_t deadline) {
  struct itimerspec when;
  memset(&when, 0, sizeof when);
  when.it_value.tv_sec = deadline / INT64CONST(1000000000);
  when.it_value.tv_nsec = deadline % INT64CONST(1000000000);
  guard_until = deadline;
  timer_settime(guard, TIMER_ABSTIME, &when, NULL);
}

static void cut_client(void) {
  if (MyProcPort->sock != PGINVALID_SOCKET) shutdown(MyProcPort->sock, SHUT_RDWR);
  cut = true;
}

/* Runs when the process goes on after a freeze and when a promised deadline is there. Between
 * judging and sending it judges again; at any other time a judgement is still to come. */
static void on_thaw_or_deadline(int signal_number) {
  const int saved_errno = errno;
  understudy_promise promise;
  if (signal_number == kGuardSignal) guard_until = 0;
  if (sending) {
    if (fence_judge(&promise) != UNDERSTUDY_OPEN)
      cut_client();
    else if (guard_until == 0 && guard_state == kGuard && !promise.endless)
      set_guard(promise.deadline_boot_ns);
  }
  errno = saved_errno;
}

static void handle(int signal_number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_thaw_or_deadline;
  action.sa_flags = SA_RESTART;
  sigaction(signal_number, &action, NULL);
}

/* One setting of the timer lasts for as long as the promise did when it was set: renewals need no
 * further one until it fires. */
static void keep_guard(const understudy_promise* promise) {
  struct sigevent event;
  if (promise->endless || (guard_until != 0 && guard_until <= promise->deadline_boot_ns)) return;
  if (guard_state == kNoGuard) {
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = kGuardSignal;
    guard_state = timer_create(CLOCK_BOOTTIME, &event, &guard) == 0 ? kGuard : kGuardFailed;
    if (guard_state == kGuardFailed)
      ereport(LOG_SERVER_ONLY,
              (errmsg("understudy_fence: no timer for the lease's deadline in this backend: %m"),
               errdetail("Every answer is judged all the same; only a backend held up without a "
                         "signal between judging and sending is not caught.")));
  }
  if (guard_state == kGuard) set_guard(promise->deadline_boot_ns);
}

static void report_cut(const char* verdict) {
  if (cut_reported) return;
  cut_reported = true;
  ClientConnectionLost = 1;
  InterruptPending = 1;
  ereport(LOG_SERVER_ONLY,
          (errmsg("understudy_fence: transaction %u %s: %s; its client's connection is closed",
                  last_xid, owed ? "committed but not acknowledged" : "may commit unacknowledged",
                  verdict),
           errhidestmt(true), errhidecontext(true)));
}

/* Judges whether bytes may leave now; on true the caller sends at once and then clears `sending`.
 * The promise is read first for the timer, so that nothing stands between the last clock reading
 * and the send. */
static bool may_leave(int64_t* judged_at) {
  const int64_t began = fence_timing ? understudy_clock_ns(CLOCK_MONOTONIC) : 0;
  understudy_promise promise;
  enum understudy_verdict verdict;
  fence_follow_page();
  sending = true;
  verdict = fence_judge(&promise);
  if (verdict == UNDERSTUDY_OPEN && !promise.endless &&
      (guard_until == 0 || guard_until > promise.deadline_boot_ns)) {
    keep_guard(&promise);
    verdict = fence_judge(&promise);
  }
  if (began != 0) {
    *judged_at = understudy_clock_ns(CLOCK_MONOTONIC);
    fence_costs.answers++;
    fence_costs.answer_ns += *judged_at - began;
  }
  if (verdict == UNDERSTUDY_OPEN) return true;
  cut_client();
  sending = false;
  report_cut(understudy_verdict_text(verdict));
  return false;
}

/* As the socket's own blocking write waits; `inside` keeps messages of whatever happens out. */
static void wait_for_client(void) {
  WaitEvent event;
  ModifyWaitEvent(FeBeWaitSet, FeBeWaitSetSocketPos, WL_SOCKET_WRITEABLE, NULL);
  if (WaitEventSetWait(FeBeWaitSet, kLookAgainMs, &event, 1, WAIT_EVENT_CLIENT_WRITE) == 0) return;
  if (event.events & WL_POSTMASTER_DEATH)
    ereport(FATAL, (errcode(ERRCODE_ADMIN_SHUTDOWN),
                    errmsg("terminating connection due to unexpected postmaster exit")));
  if (event.events & WL_LATCH_SET) {
    ResetLatch(MyLatch);
    ProcessClientWriteInterrupt(true);
  }
}

static void send_returned(int64_t judged_at) {
  int64_t took;
  sending = false;
  if (judged_at == 0) return;
  took = understudy_clock_ns(CLOCK_MONOTONIC) - judged_at;
  if (took > fence_costs.slowest_send) fence_costs.slowest_send = took;
}

/* The answer is owed until its ReadyForQuery has left: a flush in between (a notice, a Flush
 * message, a full buffer) may have carried nothing of it yet. */
static void settle(void) {
  buffered = 0;
  if (complete) owed = false;
}

/* Sends what is in the buffer, judging before each send; waits for the client if asked to. */
static int flush_judged(bool wait) {
  while (socket_methods->is_send_pending()) {
    int64_t judged_at = 0;
    int result;
    if (!may_leave(&judged_at)) return EOF;
    result = socket_methods->flush_if_writable();
    send_returned(judged_at);
    if (cut) {
      report_cut("the writer lease ended while the answer was being sent");
      return EOF;
    }
    if (result != 0) return result;
    if (!socket_methods->is_send_pending()) break;
    if (!wait) return 0;
    wait_for_client();
  }
  settle();
  return 0;
}

static int flush(bool wait) {
  int result;
  if (inside || buffering) return 0; /* from a signal handler or an error on the way */
  if (cut) return EOF;
  if (!pending()) return wait ? socket_methods->flush() : socket_methods->flush_if_writable();
  inside = true;
  result = flush_judged(wait);
  inside = false;
  return result;
}

static int guarded_flush(void) { return flush(true); }

static int guarded_flush_if_writable(void) { return flush(false); }

static bool guarded_is_send_pending(void) { return !cut && socket_methods->is_send_pending(); }

/* Adds a message to the buffer, which grows for it instead of being flushed unjudged. */
static void put(char type, const char* body, size_t length) {
  buffering = true;
  socket_methods->putmessage_noblock(type, body, length);
  buffering = false;
  buffered += length + 5;
  if (type == 'Z') complete = true;
}

static int guarded_putmessage(char type, const char* body, size_t length) {
  if (buffering) return socket_methods->putmessage(type, body, length);
  if (inside) return 0;
  if (cut) return EOF;
  if (!pending()) return socket_methods->putmessage(type, body, length);
  put(type, body, length);
  return buffered >= kBufferedBytes ? guarded_flush() : 0;
}

static void guarded_putmessage_noblock(char type, const char* body, size_t length) {
  if (inside || buffering || cut) return;
  put(type, body, length);
}

/* After an error: it may have left one of our functions half-way. */
static void guarded_comm_reset(void) {
  inside = false;
  buffering = false;
  sending = false;
  socket_methods->comm_reset();
}

static const PQcommMethods guarded_methods = {
    guarded_comm_reset,      guarded_flush,      guarded_flush_if_writable,
    guarded_is_send_pending, guarded_putmessage, guarded_putmessage_noblock,
};

/* Closing a TLS connection properly may send what is still held back. */
static void on_exit_with_an_answer(int code, Datum argument) {
  understudy_promise promise;
  (void)code;
  (void)argument;
  if (pending() && fence_judge(&promise) != UNDERSTUDY_OPEN) cut_client();
}

static void stand_in_front(void) {
  if (socket_methods != NULL || MyProcPort == NULL) return;
  handle(SIGCONT);
  handle(kGuardSignal);
  on_proc_exit(on_exit_with_an_answer, 0);
  socket_methods = PqCommMethods;
  PqCommMethods = &guarded_methods;
}

void answer_commit_begins(void) {
  stand_in_front();
  under_way = true;
}

void answer_commit_done(TransactionId xid) {
  stand_in_front();
  last_xid = xid;
  owed = true;
  complete = false;
  under_way = false;
}

void answer_commit_failed(void) { under_way = false; }

bool answer_commit_is_under_way(void) { return under_way; }
