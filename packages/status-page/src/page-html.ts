/** The whole page in one file. What stands here is replaced in `dist` by scripts/build-page.mjs, which `npm run build` calls. */
export const PAGE_HTML: string = "";

/** The page's Content-Security-Policy: its one script and its one style, by their hashes. */
export const PAGE_POLICY: string = "default-src 'none'";
