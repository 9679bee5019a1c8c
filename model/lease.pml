/* The writer lease of two regions: can two of them ever write, or one write behind a later timeline?
 *
 * Safety, fully asynchronous. Every action below is one atomic step, and any enabled action may come next:
 * a message may be late for ever (lost, a cut link, a frozen party) or be obeyed again, every party may
 * crash between two of its actions, and time may pass between any two. R1 to R22 are the rules of
 * docs/safety.md, which says what is left out here; model/run checks this file, and with each of its
 * sabotages (an #ifdef each, beside the rule that it takes away) expects to see it break.
 *
 * Versions of the record are no numbers here: is_current[o] and attach_in_flight[r] say that what a party
 * read is still the newest, and every change of the record clears them. */

/* ---- Bounds; model/run sets larger ones with --deep */

#ifndef TTL
#define TTL 1                 /* ticks of a lease, by the holder's clock */
#endif
#ifndef DRIFT
#define DRIFT 1               /* so much longer may the holder's slow clock make it last */
#endif
#ifndef TERMS
#define TERMS 2               /* no transition is opened in the last term: TERMS - 1 revocations */
#endif
#ifndef ORCHESTRATORS
#define ORCHESTRATORS 1       /* 1 or 2 */
#endif
/* FORCE: an operator may force a failover from an endless lease (R20).
 * WIPED_STANDBY, WIPED_ACTIVE: an agent may lose its disk (R6).
 * REGISTRY_ONLY: the registry is the only grantor, as with a replicated one. */

#define LASTS (TTL + DRIFT)   /* what a granted lease may last in truth */
#ifdef NO_MARGIN
#define WAIT TTL
#else
#define WAIT (TTL + DRIFT)    /* what a grantor or an observer waits: ttl + margin (section Timing) */
#endif
#define BIT(n) (1 << (n))

/* ---- State */

/* The record: durable, linearizable. */
#define NONE 0
#define OPEN 1
#define REVOKED 2
#define PROMOTING 3           /* the point of no return */
#define SWITCHED 4
byte epoch = 1, term = 1, phase = NONE;
bit active_region = 0, revoked = 0;
bit endless = 0;              /* the lease has no end, exactly while no standby is attached */
bit attested = 0;             /* an operator says that the old region was powered off */
#define TARGET (1 - active_region)

/* A region's page and database. They outlive the agent; the page ends with the boot. */
byte page[2];                 /* ticks until writes end; 0: closed */
bit page_endless[2];
bit primary[2];               /* promoted; else a standby */

/* A region's agent. On disk: */
byte known_term[2];           /* last granted to it */
byte revoked_term[2];         /* as grantor: extends no lease of this term or a lower one */
byte fenced_term[2];          /* opens no page in this term or a lower one */
byte obeyed_epoch[2];         /* highest promotion obeyed */
/* ... and in memory: */
byte promise[2];              /* ticks for which it has promised not to be promoted */
byte renewal[2];              /* at the registry: */
#define IDLE 0
#define ASKED 1
#define GRANTED 2
#define GRANTED_ENDLESS 3
byte renewal_left[2];         /* what the outstanding renewal is still worth */
byte extension[2];            /* at the other agent: IDLE, ASKED, GRANTED */
byte extension_left[2];
bit attach_in_flight[2];      /* an attach was sent, and nobody has changed the record since it was built */
#ifdef COPIES
bit overwritten[2];           /* its database is being copied anew */
#define STANDS_BY(r) (!overwritten[r])
#else
#define STANDS_BY(r) 1
#endif

/* Orders and answers on their way. They stay: each can arrive late, or again. */
byte revoke_order[2];         /* highest term whose revocation was ordered; 0: none */
byte revoke_answers[2];       /* terms whose revocation was acknowledged, as bits */
byte revoke_rest[2];          /* what the latest answer says of the promise's rest */
byte fence_order[2];
byte fence_answers[2];        /* terms whose fence was acknowledged, as bits */
byte promote_order[2];        /* an epoch */
bit promote_proof[2];         /* with proof of the fence (R11b) or the power-off (R11c) */

/* Orchestrators keep nothing on disk that counts. */
bit is_current[2];            /* what it read of the record is still the newest */
bit saw_serial[2];            /* it has seen the newest serial of the lease */
byte lease_wait[2];           /* until the lease it saw must be over, by its own clock (R11a) */
byte rest_wait[2];            /* until the other's promise must be over */
byte other_revoked[2];        /* highest term that the other acknowledged to it as revoked */

#ifdef PROMOTING_WITHOUT_CAS
bit decided[2];
#endif
#ifdef ATTACHED_ON_HOLDERS_WORD
bit holders_word;
#endif
#ifdef CRON_STOPPED_BY_AGENT
bit cron[2];
#endif

/* ---- What must hold */

#define MAY_WRITE(r) (primary[r] && (page[r] > 0 || page_endless[r]))

inline check() {
  assert(!(MAY_WRITE(0) && MAY_WRITE(1)));                                          /* I1 */
  assert(!(MAY_WRITE(0) && primary[1] && obeyed_epoch[1] > obeyed_epoch[0]));       /* I3: no write once a */
  assert(!(MAY_WRITE(1) && primary[0] && obeyed_epoch[0] > obeyed_epoch[1]))        /* later timeline exists */
}

/* ---- Helpers */

/* The record has changed: what anybody read before is stale (R9). */
inline bump() { is_current[0] = 0; is_current[1] = 0; attach_in_flight[0] = 0; attach_in_flight[1] = 0 }

/* The lease has a new serial: who waits for its end must wait anew (R11a). */
inline new_serial() { saw_serial[0] = 0; saw_serial[1] = 0 }

inline raise_to(counter, least) { if :: counter < (least) -> counter = least :: else fi }
inline count_down(ticks) { if :: ticks > 0 -> ticks-- :: else fi }
inline close_page(r) { page[r] = 0; page_endless[r] = 0 }
inline drop_renewal(r) { renewal[r] = IDLE; renewal_left[r] = 0 }
inline drop_extension(r) { extension[r] = IDLE; extension_left[r] = 0 }

/* R5: whoever has forgotten its promise behaves as if it had just given one. */
inline promise_anew(r) { if :: !primary[r] -> promise[r] = WAIT :: else -> promise[r] = 0 fi }

/* ---- Time */

inline tick() {
  (page[0] + page[1] + promise[0] + promise[1] + renewal_left[0] + renewal_left[1] + extension_left[0]
   + extension_left[1] + lease_wait[0] + lease_wait[1] + rest_wait[0] + rest_wait[1] > 0) ->
  count_down(page[0]); count_down(page[1]); count_down(promise[0]); count_down(promise[1]);
  count_down(lease_wait[0]); count_down(lease_wait[1]); count_down(rest_wait[0]); count_down(rest_wait[1]);
#ifndef DEADLINE_FROM_ANSWER                            /* a lease counts from before the request (R2) */
  count_down(renewal_left[0]); count_down(renewal_left[1]);
  count_down(extension_left[0]); count_down(extension_left[1])
#endif
}

proctype Time() {
  do
  :: d_step { tick() }
  od
}

/* ---- A region: its agent, and what happens to it */

inline ask_renewal(r) {
  renewal[r] == IDLE && primary[r] -> renewal[r] = ASKED; renewal_left[r] = LASTS
}

#ifdef RENEWED_WHEN_REVOKED
#define RENEWABLE 1
#else
#define RENEWABLE (!revoked)
#endif

/* The registry's side (R3). A refusal either tells of a newer term (after an abort, R16) or closes the page. */
inline answer_renewal(r) {
  renewal[r] == ASKED ->
  if
  :: active_region == r && known_term[r] == term && RENEWABLE -> renewal[r] = GRANTED + endless; bump(); new_serial()
  :: else ->
     drop_renewal(r);
     if
     :: active_region == r && !revoked -> known_term[r] = term; drop_extension(r)
     :: else -> close_page(r)
     fi
  fi
}

#ifdef GRANT_AFTER_FENCE
#define NOT_FENCED(r) 1
#else
#define NOT_FENCED(r) (known_term[r] > fenced_term[r])
#endif

/* R2, R18: the page opens, and becomes endless, only by the answer to what is outstanding. */
inline take_renewal(r) {
  renewal[r] >= GRANTED ->
  if
  :: NOT_FENCED(r) -> raise_to(page[r], renewal_left[r]); page_endless[r] = (renewal[r] == GRANTED_ENDLESS)
  :: else
  fi;
  drop_renewal(r); check()
}

/* R4: the standby's agent is the second grantor, and need not be attached for it. */
inline ask_extension(r) {
  extension[r] == IDLE && primary[r] && !page_endless[r] && known_term[r] > fenced_term[r] ->
  extension[r] = ASKED; extension_left[r] = LASTS
}

inline answer_extension(r) {
  extension[r] == ASKED ->
  if
  :: !primary[1 - r] && known_term[r] > revoked_term[1 - r] && STANDS_BY(1 - r) ->
     extension[r] = GRANTED; promise[1 - r] = WAIT
  :: else -> drop_extension(r)
  fi
}

inline take_extension(r) {
  extension[r] == GRANTED ->
  if
  :: NOT_FENCED(r) -> raise_to(page[r], extension_left[r])
  :: else
  fi;
  drop_extension(r); check()
}

/* R17: only the holder ends its endless lease. It bounds its page, drops what is outstanding, then sends. */
inline bound_page_and_attach(r) {
  (page_endless[r] && primary[r] && !primary[1 - r] && active_region == r && endless && phase == NONE && !revoked
   && !attach_in_flight[r] && STANDS_BY(1 - r)) ->
#ifndef ATTACH_BEFORE_BOUND
  page_endless[r] = 0; page[r] = LASTS;
#endif
#ifndef OLDER_ENDLESS_ANSWER
  drop_renewal(r);
#endif
  attach_in_flight[r] = 1
}

inline record_attach(r) {
  attach_in_flight[r] -> endless = 0; bump(); assert(STANDS_BY(1 - r))
#ifndef ATTACH_KEEPS_SERIAL
  ; new_serial()
#endif
}

#ifdef COPIES
/* A region that nobody counts on is copied anew (R21): the record moves before anything is overwritten. */
inline begin_copy(r) {
  !primary[r] && active_region != r && endless && phase == NONE && !overwritten[r] ->
  overwritten[r] = 1
#ifndef COPY_LEAVES_RECORD
  ; bump()
#endif
}

inline end_copy(r) { overwritten[r] -> overwritten[r] = 0 }
#endif

/* Revoke (R4, R10): acknowledged with the rest of the promise. */
inline obey_revoke(r) {
  (revoke_order[r] > 0 && (!(revoke_answers[r] & BIT(revoke_order[r])) || revoke_rest[r] != promise[r]
                           || revoked_term[r] < revoke_order[r])) ->
  raise_to(revoked_term[r], revoke_order[r]);
  revoke_answers[r] = revoke_answers[r] | BIT(revoke_order[r]); revoke_rest[r] = promise[r]
}

/* Fence (R12): never one of a term below its own; acknowledged once nothing of this term opens the page. */
inline obey_fence(r) {
  fence_order[r] > 0 && fence_order[r] >= known_term[r] && fenced_term[r] < fence_order[r] ->
  close_page(r);
#ifndef GRANT_AFTER_FENCE
  drop_renewal(r); drop_extension(r);
#endif
  fenced_term[r] = fence_order[r]; fence_answers[r] = fence_answers[r] | BIT(fence_order[r])
}

#if defined(NO_SELF_CHECK) || defined(REGISTRY_ONLY)
#define PROMISE_KEPT(r) 1
#else
#define PROMISE_KEPT(r) (promise[r] == 0 || promote_proof[r])
#endif

/* Promote (R14): obeyed once, and not before its own promise is over (R4). Promoted is not permitted (R15). */
inline obey_promote(r) {
  promote_order[r] > obeyed_epoch[r] && PROMISE_KEPT(r) ->
  primary[r] = 1; obeyed_epoch[r] = promote_order[r]; close_page(r); check()
}

/* R21: a region that finds itself deposed closes its page and is rebuilt as standby. */
inline rebuild(r) {
  primary[r] && active_region != r && obeyed_epoch[r] < epoch ->
  close_page(r); drop_renewal(r); drop_extension(r);
  primary[r] = 0; obeyed_epoch[r] = epoch; raise_to(revoked_term[r], term - 1)
}

/* The agent dies and is started again: page and database stay. */
inline restart_agent(r) {
  drop_renewal(r); drop_extension(r);
#ifdef PROMISE_FORGOTTEN
  promise[r] = 0;
#else
  promise_anew(r);
#endif
#ifdef REVOCATION_FORGOTTEN
  revoked_term[r] = 0;
#endif
#ifdef FENCE_IN_MEMORY
  fenced_term[r] = 0;
#endif
}

/* The host boots: a page of another boot is no page. (With the page closed it is restart_agent.) */
inline reboot(r) {
  (page[r] > 0 || page_endless[r]) ->
  page[r] = 0;
#ifndef PAGE_SURVIVES_BOOT
  page_endless[r] = 0;
#endif
  drop_renewal(r); drop_extension(r); promise_anew(r)
}

/* R6: an agent that lost its disk reads the record before it grants or obeys anything. */
inline wipe_standby(r) {
  !primary[r] && active_region != r ->
  drop_renewal(r); drop_extension(r); promise[r] = WAIT; known_term[r] = 0; fenced_term[r] = 0;
#ifdef BLANK_STATE_GRANTS
  revoked_term[r] = 0; obeyed_epoch[r] = 0
#else
  revoked_term[r] = term - 1 + revoked; obeyed_epoch[r] = epoch
#endif
}

inline wipe_active(r) {
  primary[r] ->
  drop_renewal(r); drop_extension(r); promise[r] = 0; known_term[r] = 0; fenced_term[r] = 0;
  revoked_term[r] = term - 1 + revoked
}

proctype Region(bit r) {
  do
  :: d_step { ask_renewal(r) }
  :: d_step { answer_renewal(r) }
  :: d_step { take_renewal(r) }
#ifndef REGISTRY_ONLY
  :: d_step { ask_extension(r) }
  :: d_step { answer_extension(r) }
  :: d_step { take_extension(r) }
#endif
  :: d_step { bound_page_and_attach(r) }
  :: d_step { record_attach(r) }
#ifdef ENDLESS_BY_READ
  :: d_step { (active_region == r && endless && !revoked && primary[r] && known_term[r] == term
               && known_term[r] > fenced_term[r] && !page_endless[r]) -> page_endless[r] = 1; check() }
#endif
#ifndef REGISTRY_ONLY
  :: d_step { obey_revoke(r) }
#endif
  :: d_step { obey_fence(r) }
  :: d_step { obey_promote(r) }
  :: d_step { rebuild(r) }
#ifdef COPIES
  :: d_step { begin_copy(r) }
  :: d_step { end_copy(r) }
#endif
  :: d_step { restart_agent(r) }
  :: d_step { reboot(r) }
#ifdef WIPED_STANDBY
  :: d_step { wipe_standby(r) }
#endif
#ifdef WIPED_ACTIVE
  :: d_step { wipe_active(r) }
#endif
#ifdef CRON_STOPPED_BY_AGENT                            /* instead of by its next claim (R1) */
  :: d_step { !cron[r] && MAY_WRITE(r) -> cron[r] = 1; assert(!(cron[0] && cron[1])) }
  :: d_step { cron[r] && !MAY_WRITE(r) -> cron[r] = 0 }
#endif
  od
}

/* ---- An orchestrator: any of them may go on with any open transition, from its phase (R9) */

/* A serial not seen before begins the wait anew (R11a). */
inline read_record(o) {
  !is_current[o] ->
  is_current[o] = 1;
  if :: !saw_serial[o] -> saw_serial[o] = 1; lease_wait[o] = WAIT :: else fi
}

/* R10: needs a standby attached. */
inline open_transition(o) {
  is_current[o] && phase == NONE && term < TERMS && !primary[TARGET] && !endless -> phase = OPEN; bump()
#ifdef OTHER_REVOKED_FIRST
  ; revoke_order[TARGET] = term
#endif
}

inline force_transition(o) {
  is_current[o] && phase == NONE && term < TERMS && !primary[TARGET] && endless -> phase = OPEN; bump()
}

/* R10: the registry first, and by CAS, so that no renewal slips in unseen; then the other. */
inline revoke(o) {
#ifdef REVOKED_WITHOUT_CAS                              /* on whatever serial it saw last */
  lease_wait[o] > 0 && phase == OPEN -> saw_serial[o] = 1;
#else
  is_current[o] && phase == OPEN ->
#endif
  phase = REVOKED; revoked = 1; bump(); revoke_order[TARGET] = term
#ifdef REST_FROM_SENDING
  ; rest_wait[o] = WAIT
#endif
}

#ifdef REVOKE_ANSWER_OF_ANY_TERM
#define REVOKE_ANSWERED (revoke_answers[TARGET] != 0)
#else
#define REVOKE_ANSWERED (revoke_answers[TARGET] & BIT(term))
#endif

/* The other's promise counts from the receipt of its answer (R11a). */
inline hear_other(o) {
  is_current[o] && phase == REVOKED && other_revoked[o] != term && REVOKE_ANSWERED -> other_revoked[o] = term
#ifndef REST_FROM_SENDING
  ; rest_wait[o] = revoke_rest[TARGET]
#endif
}

#ifdef REGISTRY_ONLY
#define BOTH_REVOKED(o) 1
#else
#define BOTH_REVOKED(o) (other_revoked[o] == term)
#endif
#ifdef FENCE_BEFORE_OTHER
#define FENCE_MAY_BE_ASKED(o) 1
#else
#define FENCE_MAY_BE_ASKED(o) BOTH_REVOKED(o)
#endif

/* R10: the old region is asked only now, since a restarted one might be extended otherwise. */
inline ask_fence(o) {
  is_current[o] && phase == REVOKED && FENCE_MAY_BE_ASKED(o) -> fence_order[active_region] = term
}

#ifdef ATTESTED_BEFORE_REVOKED
#define MAY_BE_ATTESTED(o) (phase == OPEN)
#elif defined(ATTESTED_BEFORE_OTHER)
#define MAY_BE_ATTESTED(o) (phase == REVOKED)
#else
#define MAY_BE_ATTESTED(o) (phase == REVOKED && BOTH_REVOKED(o))
#endif

/* R20: the old region was powered off, after both revocations. It may boot again at any time. */
inline attest(o) {
  is_current[o] && MAY_BE_ATTESTED(o) && endless && !attested ->
  attested = 1; page[active_region] = 0;
#ifndef PAGE_SURVIVES_BOOT
  page_endless[active_region] = 0;
#endif
  drop_renewal(active_region); drop_extension(active_region); attach_in_flight[active_region] = 0
}

#ifdef FENCE_ANSWER_OF_ANY_TERM
#define FENCED (fence_answers[active_region] != 0)
#else
#define FENCED ((fence_answers[active_region] & BIT(term)) != 0)
#endif
#define POWERED_OFF (endless && attested)
#ifdef OTHER_NOT_REVOKED
#define REVOCATIONS_STAND(o) 1
#else
#define REVOCATIONS_STAND(o) BOTH_REVOKED(o)
#endif
#ifdef OTHER_NOT_WAITED_FOR
#define REST_WAITED(o) 1
#else
#define REST_WAITED(o) (rest_wait[o] == 0)
#endif
#ifdef ENDLESS_TIMED
#define LEASE_WAITED(o) (lease_wait[o] == 0)
#else
#define LEASE_WAITED(o) (!endless && lease_wait[o] == 0)
#endif

/* R11, R13: recorded before the first order to promote. */
inline pass_point_of_no_return(o) {
  (is_current[o] && phase == REVOKED && REVOCATIONS_STAND(o)
   && (FENCED || POWERED_OFF || (LEASE_WAITED(o) && REST_WAITED(o)))) ->
  promote_proof[TARGET] = (FENCED || POWERED_OFF);
#ifdef PROMOTING_WITHOUT_CAS
  decided[o] = 1
#else
  phase = PROMOTING; promote_order[TARGET] = epoch + 1; bump()
#endif
}

/* One CAS passes epoch, lease and a new term to the target. Its lease is endless: nobody is attached. */
inline hand_over() {
  epoch++; active_region = 1 - active_region; term++; revoked = 0; endless = 1; attested = 0; phase = SWITCHED; bump()
}

/* R14: the promotion is seen, not heard. */
inline switch_region(o) {
  is_current[o] && phase == PROMOTING && primary[TARGET] && obeyed_epoch[TARGET] == epoch + 1 -> hand_over()
}

inline complete(o) { is_current[o] && phase == SWITCHED -> phase = NONE; bump() }

#ifdef ABORT_AFTER_PROMOTING
#define MAY_ABORT (phase == OPEN || phase == REVOKED || phase == PROMOTING)
#else
#define MAY_ABORT (phase == OPEN || phase == REVOKED)
#endif

/* R16: the lease is given back in a new term. */
inline abort_transition(o) {
  is_current[o] && MAY_ABORT ->
  if
  :: phase != OPEN ->
#ifndef SAME_TERM_AFTER_ABORT
     term++;
#endif
     revoked = 0
  :: else
  fi;
  phase = NONE; attested = 0; bump()
}

/* R19: by whoever may write the record, while no transition is open. */
inline detach(o) { is_current[o] && phase == NONE && !endless -> endless = 1; bump() }

/* All it knew is gone; both waits begin anew (R11a). */
inline crash(o) {
  is_current[o] = 0; rest_wait[o] = 0; other_revoked[o] = 0;
#ifdef WAIT_TAKEN_AS_DONE
  if :: saw_serial[o] -> lease_wait[o] = 0 :: else fi
#else
  saw_serial[o] = 0; lease_wait[o] = 0
#endif
}

proctype Orchestrator(bit o) {
  do
  :: d_step { read_record(o) }
  :: d_step { open_transition(o) }
#ifdef FORCE
  :: d_step { force_transition(o) }
#endif
  :: d_step { revoke(o) }
#ifndef REGISTRY_ONLY
  :: d_step { hear_other(o) }
#endif
  :: d_step { ask_fence(o) }
  :: d_step { attest(o) }
  :: d_step { pass_point_of_no_return(o) }
#ifdef PROMOTING_WITHOUT_CAS
  :: d_step { decided[o] -> decided[o] = 0; phase = PROMOTING; promote_order[TARGET] = epoch + 1; bump() }
#endif
  :: d_step { switch_region(o) }
#ifdef SWITCHED_BEFORE_PROOF
  :: d_step { is_current[o] && phase == REVOKED && BOTH_REVOKED(o) ->
              promote_order[TARGET] = epoch + 1; promote_proof[TARGET] = 1; hand_over() }
#endif
  :: d_step { complete(o) }
  :: d_step { abort_transition(o) }
  :: d_step { detach(o) }
#ifdef ATTACHED_ON_HOLDERS_WORD                         /* the holder bounds its page, then another changes the record */
  :: d_step { page_endless[active_region] && !primary[TARGET] && endless && phase == NONE ->
              page_endless[active_region] = 0; page[active_region] = LASTS; drop_renewal(active_region); holders_word = 1 }
  :: d_step { is_current[o] && phase == NONE && endless && holders_word ->
              endless = 0; holders_word = 0; bump(); new_serial() }
#endif
#ifdef ATTACHED_BY_ORCHESTRATOR
  :: d_step { is_current[o] && phase == NONE && endless && !primary[TARGET] -> endless = 0; bump() }
#endif
  :: d_step { crash(o) }
  od
}

init {
  d_step { primary[0] = 1; obeyed_epoch[0] = 1; known_term[0] = 1 }
  atomic {
    run Time(); run Region(0); run Region(1); run Orchestrator(0);
#if ORCHESTRATORS > 1
    run Orchestrator(1)
#endif
  }
}
