import type { BilledCharge } from "../core/billing.ts";

/** Tells apart lines of a day that are alike in all that names them: both were billed, so neither may take the other's place. */
export function tellApart(): (charge: BilledCharge) => BilledCharge {
  const times = new Map<string, number>();
  return (charge) => {
    const name = `${charge.day} ${charge.id}`;
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return before === 0 ? charge : { ...charge, id: `${charge.id}-${before}` };
  };
}
