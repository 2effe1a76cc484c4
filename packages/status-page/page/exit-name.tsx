import type { JSX } from "preact";

/** An exit's id, with what many have in common apart: where there is little room it gives way first. */
export function ExitName({ id }: { id: string }): JSX.Element {
  const end = id.indexOf("://") + 3;
  if (end < 3) return <>{id}</>;
  return (
    <>
      <span class="scheme">{id.slice(0, end)}</span>
      {id.slice(end)}
    </>
  );
}
