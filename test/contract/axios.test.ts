import { axiosClient } from "../support/contract-axios.ts";
import { contract } from "../support/contract-suite.ts";
import { CONTRACT } from "./cases/index.ts";

contract(axiosClient, CONTRACT);
