export { binanceSpot, binanceUsdm, type BinanceOptions } from "./venues/binance.ts";
export { deribit, type DeribitOptions } from "./venues/deribit.ts";
export { okx, type OkxOptions } from "./venues/okx.ts";
export { builtInTable, loadTable, overrideTable, type BuiltInTable, type RuleEntry, type TableDocument } from "./weights/index.ts";
