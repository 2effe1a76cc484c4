/** What becomes of an exit that is offered to a request. */
export const FITS = 0;
/** Usable, but not for this request. */
export const SKIP = 1;
/** No longer in the order. */
export const GONE = 2;
/** What is missing is nobody's own: no other exit helps. */
export const NOBODY = 3;

export type Fit = typeof FITS | typeof SKIP | typeof GONE | typeof NOBODY;
