import type { networkInterfaces } from "node:os";
import { MultihomeError } from "../errors.ts";
import type { Exit } from "../model/exit.ts";
import type { ExitsOptions } from "../model/options.ts";
import type { Clock } from "../time/clock.ts";
import { createBindCheck } from "./bind-check.ts";
import type { BindCheck } from "./bind-check.ts";
import { bindCandidates } from "./bind-candidates.ts";
import { checkExits } from "./check-exits.ts";
import type { CheckedExits, ExitsProblem } from "./check-exits.ts";
import { egressKeyOf, localEgressKey } from "./egress.ts";
import { ownAddresses } from "./interfaces.ts";
import { planLocal } from "./local-exits.ts";
import type { LeftOut } from "./local-exits.ts";
import { proxyExit } from "./proxy-exits.ts";

export interface InventoryDeps {
  readonly clock: Clock;
  /** @default os.networkInterfaces */
  readonly interfaces?: typeof networkInterfaces;
  /** @default a real bind of each address */
  readonly checkBind?: BindCheck;
  /** What the user should know and did not ask for. Never holds a password. */
  readonly warn?: (message: string) => void;
}

export interface ResolvedExit {
  readonly exit: Exit;
  /** Exits with one key share quotas. */
  readonly egressKey: string;
}

export interface ResolvedExits {
  /** In the order of the options: local ones, then proxies. Empty when nothing is left; then there is no way out. */
  readonly exits: ResolvedExit[];
  /** What was named and is no exit all the same, with the reason. */
  readonly left: LeftOut[];
  /** What is worth a line in the list at start, and nothing wrong. */
  readonly notes: string[];
  /** `"auto"` alone found nothing: the only exit is the machine's default. */
  readonly fellBack: boolean;
}

/**
 * The exits that the options stand for, each local address bound once.
 *
 * Rejects with `MH_ERR_CONFIG` for entries that do not parse, and with what `egress` throws; never because of an address that
 * cannot be used. Finding none is not an error here.
 */
export async function resolveExits(options: Pick<ExitsOptions, "local" | "exclude" | "proxies" | "sources" | "egress">, deps: InventoryDeps): Promise<ResolvedExits> {
  const { local, exclude, proxies, autoAlone } = checkEntries(options);
  const warn = deps.warn ?? (() => {});

  const known = local.length === 0 ? [] : ownAddresses(deps.interfaces);
  if (known === undefined) warn("The system does not tell this machine's addresses; \"auto\", interface names and wide ranges find nothing.");
  const own = known ?? [];
  const plan = planLocal(local, exclude, own);
  const checkBind = deps.checkBind ?? createBindCheck(deps.clock, new Set(own.map(({ address }) => address.text)));
  const bound = await bindCandidates(plan.candidates, checkBind);

  const exits: ResolvedExit[] = [];
  const add = (exit: Exit, ours: string): void => void exits.push({ exit, egressKey: egressKeyOf(exit, ours, options.egress) });
  for (const candidate of bound.usable) {
    const address = candidate.address.text;
    add(Object.freeze<Exit>({ id: address, kind: "local", address }), localEgressKey(candidate));
  }
  for (const named of proxies.proxies) add(proxyExit(named), named.id);
  for (const id of proxies.repeated) warn(`The proxy ${id} is given with more than one password; the last one is used.`);

  // The default address may be one that was excluded, and nobody could tell.
  const fellBack = exits.length === 0 && autoAlone && exclude.length === 0;
  if (fellBack) {
    add(Object.freeze<Exit>({ id: "direct", kind: "direct" }), "direct");
    warn(`${plan.found === 0 ? "No address was found on a real interface" : "None of the addresses found can be bound"}; all requests leave by this machine's default address.`);
  }
  return { exits, left: [...plan.left, ...bound.left], notes: bound.notes, fellBack };
}

/** The entries, read. @throws MultihomeError `MH_ERR_CONFIG`, which lists every one that is none */
export function checkEntries(options: Pick<ExitsOptions, "local" | "exclude" | "proxies" | "sources">): CheckedExits {
  const checked = checkExits(options);
  if (checked.problems.length > 0) throw wrongEntries(checked.problems);
  return checked;
}

function wrongEntries(problems: readonly ExitsProblem[]): MultihomeError {
  const lines = problems.map(({ path, given, expected }) => `  ${path}: got ${given}, expected ${expected}`);
  return new MultihomeError("MH_ERR_CONFIG", `Wrong exits:\n${lines.join("\n")}`);
}
