import { fetchClient } from "../support/contract-undici.ts";
import { contract } from "../support/contract-suite.ts";
import { CONTRACT } from "./cases/index.ts";

contract(fetchClient, CONTRACT);
