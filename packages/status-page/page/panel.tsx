import type { ComponentChildren, JSX } from "preact";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  /** Beside the title: what there is in all. */
  readonly aside?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Panel({ id, title, aside, class: more, children }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${more ?? ""}`} id={id} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside !== undefined && <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}
