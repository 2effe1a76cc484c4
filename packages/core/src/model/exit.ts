/** How a request leaves this machine. */
export type ExitKind = "local" | "socks5" | "http" | "direct";

/**
 * One way out. A plain value: the password of a proxy lives in the `connect` room alone, keyed by this object.
 */
export interface Exit {
  /**
   * `"direct"`; the address of a local exit; `scheme://host:port` of a proxy, followed by `#` and six hex digits of its
   * user's hash where it has one. Safe to print.
   */
  readonly id: string;
  readonly kind: ExitKind;
  /** The source address of a local exit; the address of a proxy where it was given as one. */
  readonly address?: string;
}
