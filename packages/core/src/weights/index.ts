export { compileTable, type Calculator, type CompileOptions } from "./calculator.ts";
export { Calibrator, type Calibration, type CalibratorOptions, type Drift } from "./calibrator.ts";
export type { CompiledRule, Headers, RequestCost } from "./cost.ts";
export { fixedWeight, type WeightFunction } from "./fixed-weight.ts";
export { WeightHistory, type HistoryOptions, type WeightAnalysis } from "./history.ts";
export type { WeightReport } from "./report.ts";
export type { RuleEntry, TableDocument, UsedHeader } from "./table.ts";
export { BUILT_IN_TABLES, builtInTable, loadTable, overrideTable, type BuiltInTable } from "./tables.ts";
