/* The writer lease of two regions: does somebody write again, or is a person asked?
 *
 * Availability needs a notion of "in time", so this goes by rounds: every party that is up does its duties once,
 * then a tick passes. Up to FAULTS changes of up and down, and lost answers, strike between any two duties.
 *   REGISTRY_FAILS, STANDBY_FAILS: only that one fails, and the active region never stops (I7).
 *   Neither: everything may fail. QUIET rounds after the last fault somebody writes or a person is asked (I5, I8).
 * What is not safe is lease.pml's business; both writing at once is looked for here all the same. R1 to R22 are
 * the rules of docs/safety.md; the #ifdefs are sabotages, as in lease.pml. */

#ifndef FAULTS
#define FAULTS 5
#endif
#ifndef TERMS
#define TERMS 6               /* no transition is opened in the last term */
#endif
#define TTL 2
#define LASTS (TTL + 1)       /* what a lease may last in truth, by a slow clock */
#define WAIT 3                /* ttl + margin */
#define QUIET 14              /* rounds; the longest recovery takes fewer */
#define BIT(n) (1 << (n))

#if defined(REGISTRY_FAILS) || defined(STANDBY_FAILS)
#define ONE_FAILS 1
#else
#define ONE_FAILS 0
#endif

/* The record. */
#define NONE 0
#define OPEN 1
#define REVOKED 2
#define PROMOTING 3
#define SWITCHED 4
byte epoch = 1, term = 1, phase = NONE;
bit active_region = 0, revoked = 0, endless = 0;
#define TARGET (1 - active_region)

/* Who is up. A region goes up and down as a whole. */
bit registry_up = 1, orchestrator_up = 1, up[2];

/* The regions, as in lease.pml. */
byte page[2], known_term[2], revoked_term[2], fenced_term[2], obeyed_epoch[2], promise[2], fence_answers[2];
bit page_endless[2], primary[2], attach_in_flight[2];

/* The orchestrator. */
byte lease_wait = 0, rest_wait = 0, other_revoked = 0;
bit saw_serial = 0;

byte faults_left = FAULTS, quiet = 0;
bit one_wrong_verdict = 1;    /* a failover may start once although the active region is well */
bit person_asked = 0;

#define WRITES(r) (primary[r] && up[r] && (page[r] > 0 || page_endless[r]))

inline raise_to(counter, least) { if :: counter < (least) -> counter = least :: else fi }
inline count_down(ticks) { if :: ticks > 0 -> ticks-- :: else fi }
inline close_page(r) { page[r] = 0; page_endless[r] = 0 }

/* ---- Faults */

inline strike() { faults_left > 0 -> faults_left--; quiet = 0 }

inline boot(r) {
  close_page(r); attach_in_flight[r] = 0;
  if :: !primary[r] -> promise[r] = WAIT :: else -> promise[r] = 0 fi              /* R5 */
}

inline flip_region(r) { up[r] = !up[r]; if :: up[r] -> boot(r) :: else fi }

inline fault() {
  if
  :: skip
#ifndef STANDBY_FAILS
  :: strike(); registry_up = !registry_up
#endif
#ifndef REGISTRY_FAILS
  :: strike(); flip_region(1)
#endif
#if !ONE_FAILS
  :: strike(); flip_region(0)
  :: strike(); orchestrator_up = !orchestrator_up; saw_serial = 0; lease_wait = 0; rest_wait = 0; other_revoked = 0
#endif
  fi
}

/* ---- A region's duties */

/* R3, R16: a granted renewal, unless its answer is lost; or the news of a newer term; or a closed page. */
inline renew(r) {
  if
  :: up[r] && primary[r] && registry_up ->
     if
     :: active_region == r && !revoked && known_term[r] == term ->
        saw_serial = 0;
        if
        :: skip ->
           if
           :: known_term[r] > fenced_term[r] -> page[r] = LASTS; page_endless[r] = endless; attach_in_flight[r] = 0
           :: else
           fi
        :: faults_left > 0 && !ONE_FAILS -> faults_left--; quiet = 0
        fi
     :: active_region == r && !revoked && known_term[r] != term -> known_term[r] = term
     :: else -> close_page(r)
     fi
  :: else
  fi
}

#ifdef REGISTRY_ONLY
#define EXTENDS 0
#elif defined(EXTENDED_WHEN_ATTACHED)
#define EXTENDS (registry_up && !endless)
#else
#define EXTENDS 1             /* the other needs neither the registry nor to be attached (R4) */
#endif

inline extend(r) {
  if
  :: (up[r] && primary[r] && !page_endless[r] && known_term[r] > fenced_term[r]
      && up[1 - r] && !primary[1 - r] && known_term[r] > revoked_term[1 - r] && EXTENDS) ->
     page[r] = LASTS; promise[1 - r] = WAIT
  :: else
  fi
}

/* R17, in two duties, so that a fault may strike between them. */
inline bound_page(r) {
  if
  :: (up[r] && page_endless[r] && registry_up && endless && phase == NONE && !revoked && active_region == r
      && !primary[1 - r] && up[1 - r] && known_term[r] > revoked_term[1 - r]) ->
     page_endless[r] = 0; page[r] = LASTS; attach_in_flight[r] = 1
  :: else
  fi
}

inline record_attach(r) {
  if
  :: attach_in_flight[r] && up[r] && registry_up && endless && phase == NONE && active_region == r ->
     endless = 0; saw_serial = 0; attach_in_flight[r] = 0
  :: else
  fi
}

/* R21. */
inline rebuild(r) {
  if
  :: up[r] && registry_up && primary[r] && active_region != r && obeyed_epoch[r] < epoch ->
     close_page(r); primary[r] = 0; obeyed_epoch[r] = epoch; raise_to(revoked_term[r], term - 1)
  :: else
  fi
}

/* ---- The orchestrator's duty: one move */

#define FENCED ((fence_answers[active_region] & BIT(term)) != 0)
#define OLD_REGION_OUT (FENCED || (lease_wait == 0 && rest_wait == 0))              /* R11 */
#define MAY_OPEN (phase == NONE && !endless && term < TERMS && up[TARGET] && !primary[TARGET])
#define MAY_PROMOTE (promise[TARGET] == 0 || FENCED)                                /* R4 */
#define TO_PROMOTE (phase == PROMOTING && up[TARGET] && obeyed_epoch[TARGET] <= epoch)

inline orchestrate() {
  if
  :: orchestrator_up && registry_up ->
     if :: !saw_serial -> saw_serial = 1; lease_wait = WAIT :: else fi;
     if
     :: MAY_OPEN && !WRITES(active_region) -> phase = OPEN
     :: MAY_OPEN && one_wrong_verdict && !ONE_FAILS -> one_wrong_verdict = 0; quiet = 0; phase = OPEN
     :: phase == NONE && !endless && (!up[TARGET] || ONE_FAILS) -> endless = 1       /* detach (R19) */
     :: (phase == NONE && (WRITES(active_region) || endless || term >= TERMS || !up[TARGET] || primary[TARGET])) -> skip
     :: phase == OPEN && up[TARGET] -> phase = REVOKED; revoked = 1
     :: phase == REVOKED && up[TARGET] && other_revoked != term ->
        other_revoked = term; raise_to(revoked_term[TARGET], term); rest_wait = promise[TARGET]
     :: phase == REVOKED && other_revoked == term && up[active_region] && !FENCED ->
        fenced_term[active_region] = term; fence_answers[active_region] = fence_answers[active_region] | BIT(term);
        close_page(active_region)
     :: phase == REVOKED && other_revoked == term && OLD_REGION_OUT -> phase = PROMOTING
     :: phase == REVOKED && other_revoked == term && !OLD_REGION_OUT && !up[active_region] -> skip      /* waits */
     :: (phase == OPEN || phase == REVOKED) && (up[active_region] || !up[TARGET]) ->                    /* abort (R16) */
#ifdef SAME_TERM_AFTER_ABORT
        revoked = 0; phase = NONE
#else
        if :: phase == REVOKED -> term++; revoked = 0 :: else fi;
        phase = NONE
#endif
     :: TO_PROMOTE && MAY_PROMOTE -> primary[TARGET] = 1; obeyed_epoch[TARGET] = epoch + 1; close_page(TARGET)
     :: TO_PROMOTE && !MAY_PROMOTE -> skip
     :: phase == PROMOTING && primary[TARGET] && obeyed_epoch[TARGET] == epoch + 1 ->
        epoch++; active_region = 1 - active_region; term++; revoked = 0; endless = 1; phase = SWITCHED
     :: phase == PROMOTING && !up[TARGET] -> skip
     :: phase == SWITCHED -> phase = NONE
     fi
  :: else
  fi
}

/* ---- When a person is asked: each of these is a state that the product shows, or should */

#define NOBODY_CAN_GO_ON (!WRITES(active_region) && (!registry_up || !orchestrator_up))
#define NOBODY_TO_PROMOTE (phase == NONE && !up[active_region] && (endless || !up[TARGET] || primary[TARGET]))
#define BOTH_REGIONS_DOWN ((phase == OPEN || phase == REVOKED) && !up[active_region] && !up[TARGET])
#define TARGET_LOST (phase == PROMOTING && !up[TARGET])
#define NEW_REGION_LOST (phase == SWITCHED && !up[active_region])
#define OUT_OF_TERMS (term >= TERMS)                    /* the model's own bound */

active proctype Rounds() {
  d_step { up[0] = 1; up[1] = 1; primary[0] = 1; obeyed_epoch[0] = 1; known_term[0] = 1; page[0] = LASTS }
  do
  :: atomic {
       fault(); rebuild(0); rebuild(1);
       bound_page(0); bound_page(1); fault(); record_attach(0); record_attach(1);
       fault(); renew(0); renew(1);
       fault(); extend(0); extend(1);
       orchestrate();
       d_step {
         count_down(page[0]); count_down(page[1]); count_down(promise[0]); count_down(promise[1]);
         count_down(lease_wait); count_down(rest_wait);
         if :: quiet < QUIET -> quiet++ :: else fi;
         person_asked = (NOBODY_CAN_GO_ON || NOBODY_TO_PROMOTE || BOTH_REGIONS_DOWN || TARGET_LOST || NEW_REGION_LOST
                         || OUT_OF_TERMS);
         assert(!(WRITES(0) && WRITES(1)));                                         /* I1 */
         assert(!ONE_FAILS || WRITES(active_region));                               /* I7 */
         assert(quiet < QUIET || person_asked || WRITES(0) || WRITES(1))            /* I5, I8 */
       }
     }
  od
}
