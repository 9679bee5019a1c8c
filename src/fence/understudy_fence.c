/* understudy_fence: PostgreSQL keeps the promise of the writer lease itself.
 *
 * Before every commit of a transaction that wrote, the fence page is judged, and the commit refused
 * if it is not open; answer.c judges it again before anything that tells of the commit leaves. A
 * transaction that wrote is one that has a transaction id. The few writes that go without one are
 * caught by name, in the two hooks below. README.md lists path by path what is covered how. */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "fence/fence.h"
#include "fmgr.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "postmaster/autovacuum.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"

#define kFollowEveryNs INT64CONST(5000000)

PG_MODULE_MAGIC;

void _PG_init(void);

bool fence_timing = false;
fence_cost fence_costs;

static char* page_path = NULL;
static char* bypass_reason = NULL;
static char boot_id[UNDERSTUDY_BOOT_ID_BYTES];
static understudy_view view = UNDERSTUDY_NO_VIEW;

/* How the present transaction has come past the fence. */
static enum { kNotAsked, kPermitted, kBypassed } passage = kNotAsked;

static ProcessUtility_hook_type next_utility = NULL;
static object_access_hook_type next_object_access = NULL;

/* Whether the file is still the one at the path costs a system call, so a busy backend asks only so
 * often: a page that somebody deletes can still be obeyed for that long. */
void fence_follow_page(void) {
  static int64_t asked_at = 0;
  const int64_t now = understudy_clock_ns(CLOCK_BOOTTIME);
  if (view.page != NULL && now - asked_at < kFollowEveryNs) return;
  if (asked_at == 0) ReserveExternalFD();
  asked_at = now;
  understudy_follow_page(&view, page_path);
}

enum understudy_verdict fence_judge(understudy_promise* promise) {
  return understudy_judge(view.page, boot_id, promise);
}

/* Who is not fenced: nobody outside ever gets an acknowledgement from these. Autovacuum must go on,
 * or a region fenced for long would run into wraparound; a dying backend drops its temporary
 * tables; single-user mode and pg_upgrade belong to whoever owns the host; and during recovery
 * PostgreSQL itself refuses writes. Other background workers run users' SQL and are fenced. */
static bool exempt(void) {
  return !IsUnderPostmaster || IsBinaryUpgrade || proc_exit_inprogress ||
         IsAutoVacuumWorkerProcess() || IsAutoVacuumLauncherProcess() || RecoveryInProgress();
}

/* A superuser's session may pass for a reason. The session's user counts, not the current one: a
 * setting stored for a role or in a function never lifts the fence for somebody else. */
static bool bypassing(void) {
  return bypass_reason != NULL && bypass_reason[0] != '\0' && MyProcPort != NULL &&
         superuser_arg(GetSessionUserId());
}

/* Returns if the present transaction may write now, raises 57UF1 otherwise. */
static void require_permission(void) {
  understudy_promise promise;
  enum understudy_verdict verdict;
  fence_follow_page();
  if (bypassing()) {
    passage = kBypassed;
    return;
  }
  verdict = fence_judge(&promise);
  if (verdict != UNDERSTUDY_OPEN)
    ereport(ERROR,
            (errcode(MAKE_SQLSTATE('5', '7', 'U', 'F', '1')),
             errmsg("this region may not write: %s", understudy_verdict_text(verdict)),
             errhint("Nothing was committed. Connect to the active region to write; reading goes "
                     "on here.")));
  passage = kPermitted;
}

/* The one line that an audit of bypasses reads. Only to the log, and with what needs no catalog:
 * the transaction is over. */
static void audit_bypass(TransactionId xid) {
  understudy_promise promise;
  const enum understudy_verdict verdict = fence_judge(&promise);
  ereport(LOG_SERVER_ONLY,
          (errmsg("understudy_fence: bypassed by user \"%s\" in database \"%s\", transaction %u, "
                  "page: %s, reason: %s",
                  MyProcPort->user_name, MyProcPort->database_name, xid,
                  understudy_verdict_text(verdict), bypass_reason),
           errhidestmt(true), errhidecontext(true)));
}

static void before_commit(void) {
  if (!TransactionIdIsValid(GetTopTransactionIdIfAny()) || exempt()) return;
  require_permission();
  if (passage == kPermitted) answer_commit_begins();
}

static void after_commit(void) {
  /* NOTIFY gets its transaction id after the callback before commit, so it is looked for anew. */
  const TransactionId xid = GetTopTransactionIdIfAny();
  if ((TransactionIdIsValid(xid) || passage != kNotAsked) && !exempt()) {
    if (passage == kBypassed)
      audit_bypass(xid);
    else if (TransactionIdIsValid(xid) || answer_commit_is_under_way())
      answer_commit_done(xid);
  }
  passage = kNotAsked;
}

/* Events of parallel workers are their leader's to judge, those of subtransactions their parent's.
 */
static void judge_event(XactEvent event) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE: before_commit(); return;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE: after_commit(); return;
    case XACT_EVENT_ABORT:
      passage = kNotAsked;
      answer_commit_failed();
      return;
    default: return;
  }
}

static void on_transaction(XactEvent event, void* argument) {
  (void)argument;
  if (fence_timing && TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
      event != XACT_EVENT_ABORT) {
    const int64_t began = understudy_clock_ns(CLOCK_MONOTONIC);
    judge_event(event);
    fence_costs.commit_ns += understudy_clock_ns(CLOCK_MONOTONIC) - began;
    fence_costs.commits += event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE;
  } else {
    judge_event(event);
  }
}

/* Writes at once, whatever becomes of the transaction around it. */
static void permit_immediate_write(void) {
  if (exempt()) return;
  require_permission();
  if (passage == kPermitted) answer_commit_begins();
}

/* Commands that have done something for good before the callback before commit could refuse it, or
 * that bring no transaction id there. */
static bool acts_before_commit(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_CreatedbStmt:
    case T_DropdbStmt:
    case T_AlterDatabaseStmt:
    case T_CreateTableSpaceStmt:
    case T_DropTableSpaceStmt:
    case T_DropSubscriptionStmt:
    case T_NotifyStmt: return true;
    default: return false;
  }
}

static bool resolves_prepared(const Node* statement) {
  TransactionStmtKind kind;
  if (!IsA(statement, TransactionStmt)) return false;
  kind = ((const TransactionStmt*)statement)->kind;
  return kind == TRANS_STMT_COMMIT_PREPARED || kind == TRANS_STMT_ROLLBACK_PREPARED;
}

static void on_utility(PlannedStmt* planned, const char* query, bool read_only_tree,
                       ProcessUtilityContext context, ParamListInfo parameters,
                       QueryEnvironment* environment, DestReceiver* destination,
                       QueryCompletion* completion) {
  if (resolves_prepared(planned->utilityStmt))
    permit_immediate_write();
  else if (acts_before_commit(planned->utilityStmt) && !exempt())
    require_permission();
  (next_utility ? next_utility : standard_ProcessUtility)(
      planned, query, read_only_tree, context, parameters, environment, destination, completion);
}

/* Functions that write or speak to others without a transaction id at commit. Asked when a plan
 * with the function in it starts. */
static void on_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id,
                             void* argument) {
  if (next_object_access) next_object_access(access, class_id, object_id, sub_id, argument);
  if (access != OAT_FUNCTION_EXECUTE || class_id != ProcedureRelationId) return;
  if (object_id == F_PG_LOGICAL_EMIT_MESSAGE_BOOL_TEXT_TEXT ||
      object_id == F_PG_LOGICAL_EMIT_MESSAGE_BOOL_TEXT_BYTEA || object_id == F_PG_NOTIFY)
    permit_immediate_write();
}

static bool check_page_path(char** value, void** extra, GucSource source) {
  (void)extra;
  (void)source;
  if ((*value)[0] == '\0' || is_absolute_path(*value)) return true;
  GUC_check_errdetail("The path of the fence page must be absolute.");
  return false;
}

/* The reason goes into the log as it is: one line, and not a long one. */
static bool check_reason(char** value, void** extra, GucSource source) {
  const char* at;
  (void)extra;
  (void)source;
  for (at = *value; *at != '\0'; ++at) {
    if ((unsigned char)*at >= ' ' && *at != 127) continue;
    GUC_check_errdetail("The reason must not contain control characters.");
    return false;
  }
  if (at - *value <= 200) return true;
  GUC_check_errdetail("The reason must not be longer than 200 bytes.");
  return false;
}

static void define_settings(void) {
  DefineCustomStringVariable("understudy_fence.page", "Path of the fence page.",
                             "Empty: every write is refused.", &page_path, "", PGC_POSTMASTER, 0,
                             check_page_path, NULL, NULL);
  DefineCustomStringVariable("understudy_fence.bypass",
                             "Why this superuser's session may write while fenced.",
                             "Every transaction that it lets through is logged.", &bypass_reason,
                             "", PGC_SUSET, GUC_DISALLOW_IN_FILE, check_reason, NULL, NULL);
  DefineCustomBoolVariable("understudy_fence.timing", "Measures what the fence costs.",
                           "See understudy_fence.cost().", &fence_timing, false, PGC_USERSET, 0,
                           NULL, NULL, NULL);
  MarkGUCPrefixReserved("understudy_fence");
}

void _PG_init(void) {
  if (!process_shared_preload_libraries_in_progress)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("understudy_fence must be loaded by shared_preload_libraries"),
                    errdetail("Loaded into one session it would fence only that session."),
                    errhint("Add it to shared_preload_libraries and restart the server.")));
  if (understudy_read_boot_id(boot_id) != 0)
    ereport(FATAL, (errmsg("understudy_fence: the kernel does not say its boot id: %m")));
  define_settings();
  if (page_path[0] == '\0')
    ereport(WARNING, (errmsg("understudy_fence.page is not set: every write will be refused")));
  RegisterXactCallback(on_transaction, NULL);
  next_utility = ProcessUtility_hook;
  ProcessUtility_hook = on_utility;
  next_object_access = object_access_hook;
  object_access_hook = on_object_access;
}
