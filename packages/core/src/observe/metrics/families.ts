/** One metric: what Prometheus calls a family. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** After `pool`, which all of them have. */
  readonly labels: readonly string[];
  /** As OpenTelemetry writes units (UCUM): `s`, `1`, or what is counted in braces. */
  readonly unit: string;
}

const family = (type: Family["type"], name: string, unit: string, labels: readonly string[], help: string): Family => ({ name: `multihome_${name}`, type, help, labels, unit });

/** Every metric of a pool, in the order in which they are written. `docs/metrics.md` says more about each. */
export const FAMILIES = {
  exits: family("gauge", "exits", "{exit}", ["state"], "Exits by state: healthy, in a cooldown or pause at some target, banned at some target, dead."),
  switches: family("counter", "exit_switches_total", "{switch}", [], "Times that a refusal has moved requests to other exits."),
  observerErrors: family("counter", "observer_errors_total", "{error}", ["observer"], "Exceptions thrown by listeners and loggers, contained."),
  outage: family("gauge", "outage", "1", [], "1 while nothing is heard through any exit, else 0; only under the adaptive policy."),

  sockets: family("gauge", "sockets", "{socket}", ["exit_kind", "state"], "Sockets through exits of a kind: connecting, open (idle ones included)."),
  connects: family("counter", "socket_connects_total", "{connect}", ["exit_kind", "result"], "Connections that were opened, or where they failed: tcp, handshake with the proxy, tls; aborted: nobody waited any more."),
  sourceUp: family("gauge", "source_up", "1", ["source"], "1 where the last answer of the proxy list was a list."),
  sourceProxies: family("gauge", "source_proxies", "{proxy}", ["source"], "Proxies that are used of the list, those that others name as well included."),
  sourceRead: family("gauge", "source_last_read_timestamp_seconds", "s", ["source"], "When the list was last read, well or not; no sample before that."),
  sourceBelieved: family("gauge", "source_last_success_timestamp_seconds", "s", ["source"], "When a list was last read that took the place of the one before; no sample before that."),
  sourceReads: family("counter", "source_reads_total", "{read}", ["source", "result"], "Reads of the list: ok, cut (too long), or not believed: failed, page, empty, shrunk."),
  sourceLines: family("counter", "source_lines_total", "{line}", ["source", "result"], "Lines of lists that were believed: proxies kept and new, repeated, rejected."),

  tasks: family("counter", "tasks_total", "{task}", ["target", "outcome"], "Requests that were decided, by outcome."),
  tasksWaiting: family("gauge", "tasks_waiting", "{task}", ["target"], "Requests that wait for an exit, those outside a full queue included."),
  requeues: family("counter", "task_requeues_total", "{requeue}", ["target"], "Further rounds of requests whose attempts had all failed."),
  attempts: family("counter", "attempts_total", "{attempt}", ["target", "verdict"], "Attempts and leases that have ended, by verdict."),
  inflight: family("gauge", "attempts_inflight", "{attempt}", ["target"], "Attempts and leases that are out."),
  races: family("counter", "races_total", "{race}", ["target"], "Requests that were answered by one of several legs."),
  raceLegs: family("counter", "race_legs_total", "{leg}", ["target"], "Legs of these requests."),
  weight: family("counter", "weight_units_total", "{unit}", ["target"], "Weight of the attempts that were sent."),
  breakerState: family("gauge", "breaker_state", "1", ["target", "state"], "1 for the state that the target's breaker is in, 0 for the others."),
  breakerOpens: family("counter", "breaker_opens_total", "{opening}", ["target"], "Times that the target's breaker has opened."),
  targetExits: family("gauge", "target_exits", "{exit}", ["target", "state"], "Exits that cannot be used at the target now: resting or paused, banned."),
  targetPause: family("gauge", "target_pause_remaining_seconds", "s", ["target"], "How long the target as a whole is still paused; 0: it is not."),
  rests: family("counter", "rest_seconds_total", "s", ["target", "reason"], "Time that exits were told to keep away from the target, by reason."),
  trials: family("counter", "cooldown_trials_total", "{trial}", ["target", "result"], "Exits that came back from a cooldown: recovered, or failed again."),
  alerts: family("counter", "alerts_total", "{alert}", ["target", "alert"], "Bans, and runs of failures of one exit."),
  limitCrossings: family("counter", "limit_crossings_total", "{crossing}", ["target", "limit", "level"], "Times that a counter rose above a warning level of its limit."),

  kindRequests: family("counter", "kind_requests_total", "{request}", ["kind"], "Requests and leases by hand of a kind."),
  kindTasks: family("counter", "kind_tasks_total", "{task}", ["kind", "outcome"], "Requests of a kind that were decided: answered, or failed (aborted ones included)."),
  kindWaiting: family("gauge", "kind_waiting", "{request}", ["kind"], "Requests of a kind that wait for an exit."),
  kindInflight: family("gauge", "kind_inflight", "{attempt}", ["kind"], "Attempts and leases of a kind that are out."),
  kindRateLimited: family("counter", "kind_rate_limited_total", "{attempt}", ["kind"], "Attempts of a kind that were refused with 429."),
  kindWait: family("counter", "kind_wait_seconds_total", "s", ["kind"], "Time that requests of a kind have waited for their first exit, together."),
  slots: family("gauge", "slots", "{slot}", ["state"], "Slots of all runs that go on: running an item, waiting for an exit, pausing, idle."),
  ledgerFaults: family("counter", "ledger_faults_total", "{call}", [], "Calls of the user's ledger that failed; only where there is one."),

  limitUnits: family("gauge", "limit_units", "{unit}", ["target", "limit", "scope"], "Size of a limit."),
  limitUsed: family("gauge", "limit_used_units", "{unit}", ["target", "limit", "exit"], "Units of a limit in use. Without an exit: the fullest counter of an account or of the target."),
  limitRatio: family("gauge", "limit_used_ratio", "1", ["target", "limit", "exit"], "The same as a share of the limit, 0 to 1."),

  exitInfo: family("gauge", "exit_info", "1", ["exit", "kind"], "1 for each exit that has series of its own."),
  exitInflight: family("gauge", "exit_inflight", "{attempt}", ["exit"], "Attempts in flight through the exit, over all targets."),
  exitSuccess: family("gauge", "exit_success_ratio", "1", ["exit"], "Share of successes among the exit's last outcomes, over all targets."),
  exitAttempts: family("counter", "exit_attempts_total", "{attempt}", ["exit", "target", "result"], "Attempts of the exit that say something about it: success, failure, refused (429, 418)."),
  exitCooldowns: family("counter", "exit_cooldowns_total", "{rest}", ["exit", "reason"], "Rests of the exit, by reason."),
  exitFailsInARow: family("gauge", "exit_consecutive_failures", "{attempt}", ["exit", "target"], "Failures of the exit in a row; no sample where there is none."),
  exitRest: family("gauge", "exit_rest_remaining_seconds", "s", ["exit", "target", "reason"], "How long the exit still keeps away from the target; no sample where it does not."),
  exitCarries: family("gauge", "exit_carries", "{attempt}", ["exit", "target"], "Attempts that the exit may have in flight at the target after it was refused again and again; no sample where it may have any number."),
  exitLatency: family("gauge", "exit_latency_average_seconds", "s", ["exit", "target"], "Time to the head of a successful answer, averaged over about the last ten."),

  taskDuration: family("histogram", "task_duration_seconds", "s", ["target", "kind"], "From a request's beginning to its decision."),
  taskWait: family("histogram", "task_wait_seconds", "s", ["target"], "From a request's beginning to its first exit."),
  attemptLatency: family("histogram", "attempt_latency_seconds", "s", ["target"], "From an attempt's start to the head of its answer."),
  sharedDuration: family("histogram", "shared_lease_duration_seconds", "s", ["target"], "How long shared leases were held."),
} as const satisfies Record<string, Family>;

/** What series beyond a cap are counted under. No exit and no host can have this name. */
export const OTHER = "_other";
