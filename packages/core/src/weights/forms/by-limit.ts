import type { RuleEntry } from "../table.ts";
import { wholeNumber } from "../values.ts";
import { shown, type Advice, type Form } from "./form.ts";
import { heaviest, lightest, stepRange, stepWeight } from "./steps.ts";

/** Bands of a numeric parameter: depth by `limit`. */
export function byLimitForm({ param, default: absent, steps }: NonNullable<RuleEntry["byLimit"]>): Form {
  const max = heaviest(steps);
  const whenAbsent = absent === undefined ? max : stepWeight(steps, absent);
  return {
    names: [param],
    min: lightest(steps),
    max,
    weigh([value]) {
      if (value === undefined) return whenAbsent;
      const number = wholeNumber(value);
      return number === undefined ? max : stepWeight(steps, number);
    },
    advise(weight, values) {
      const asked = values?.[0] ?? (values === undefined ? undefined : absent?.toString());
      const tail = asked === undefined ? ` instead of ${weight}` : `, this asks for ${shown(asked)} and costs ${weight}`;
      const advice: Advice[] = [];
      for (const [upTo, cheaper] of steps) {
        if (upTo !== "more" && cheaper < weight) advice.push({ change: `${param}=${upTo} costs ${cheaper}${tail}`, weight: cheaper, saves: weight - cheaper });
      }
      // Nearest first: the least that has to be given up.
      return advice.reverse();
    },
    band(weight) {
      const range = stepRange(steps, weight);
      return range === undefined ? undefined : `${param} ${range}`;
    },
    unclear: ([value]) => (value !== undefined && wholeNumber(value) === undefined ? [`${param}=${shown(value)}`] : []),
  };
}
