import type { Form } from "./form.ts";

export function constantForm(weight: number): Form {
  return { names: [], min: weight, max: weight, weigh: () => weight, advise: () => [], band: () => undefined, unclear: () => [] };
}
