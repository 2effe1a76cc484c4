import { gotClient } from "../support/contract-got.ts";
import { contract } from "../support/contract-suite.ts";
import { CONTRACT } from "./cases/index.ts";

contract(gotClient, CONTRACT);
