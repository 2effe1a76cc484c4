/** What becomes of an exit that is offered to a request. */
export const FITS = 0;
/** Usable, but not for this request. */
export const SKIP = 1;
/** No longer in the order. */
export const GONE = 2;

export type Fit = typeof FITS | typeof SKIP | typeof GONE;
