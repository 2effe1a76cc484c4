/** What health has to know about the exits of its pool; the exit table is one. */
export interface Census {
  /** By index; `undefined` where one was removed. */
  readonly exits: readonly unknown[];
  readonly isProxy: ArrayLike<boolean | number>;
  readonly locals: number;
  readonly proxies: number;
}
