/** What health has to know about the exits of its pool; the exit table is one. */
export interface Census {
  /** By index; `undefined` where one was removed. */
  readonly exits: readonly unknown[];
  /** Exits on their way out, which no request is given. */
  readonly retiring?: ReadonlySet<number>;
  readonly isProxy: ArrayLike<boolean | number>;
  readonly locals: number;
  readonly proxies: number;
}
