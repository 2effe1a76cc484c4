import { familyOf, type Family } from "../exits/family.ts";
import { hostName, hostOf } from "./hosts.ts";
import type { Job } from "./job.ts";

/** Of the address that the request is for: 4 or 6; 0 where it is for a name. Most targets have one for all of their requests. */
export function neededFamily({ request, target }: Job): Family {
  const { family } = target.desk.rules;
  return family === "mixed" ? familyOf(hostName(request.host ?? hostOf(request))) : family;
}
