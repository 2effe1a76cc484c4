import type { Group } from "../../support/contract-suite.ts";
import { answers, statuses, streams } from "./answers.ts";
import { exits, keepAlive, tls } from "./connections.ts";
import { aborts, timeouts } from "./endings.ts";
import { closings, redirects } from "./journeys.ts";
import { races, refusals, repeats } from "./policies.ts";
import { bodies, headers, methods } from "./requests.ts";

export const CONTRACT: readonly Group[] = [methods, bodies, headers, statuses, answers, streams, redirects, keepAlive, exits, tls, aborts, timeouts, refusals, repeats, races, closings];
