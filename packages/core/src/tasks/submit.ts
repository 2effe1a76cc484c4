import type { Transport } from "../model/lease.ts";
import type { RunOptions } from "../model/pool.ts";
import { checkCall, RUN_OPTIONS } from "../option-names.ts";
import type { TaskHandle } from "../model/task.ts";
import { timeoutMs, type Asked } from "../race/by-hand/acquire.ts";
import type { Engine } from "../race/engine.ts";
import type { Job } from "../race/job.ts";
import { PromiseDriver } from "../race/promise-driver.ts";
import { TASK } from "../race/way.ts";
import { taskHandle } from "./task-handle.ts";

/** Gives a request to the engine as a task; there is room for it. */
export function submit<R>(engine: Engine, { request, target, hints }: Asked, transport: Transport<R>, options: RunOptions): TaskHandle<R> {
  let job: Job | undefined;
  let driver: PromiseDriver<R> | undefined;
  const promise = new Promise<R>((resolve, reject) => {
    checkCall("submit", options, RUN_OPTIONS);
    const { signal, timeout } = options;
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    driver = new PromiseDriver(transport, request, signal, resolve, reject);
    job = engine.drive(target, request, driver, TASK, hints, timeoutMs(timeout));
    driver.attach(job);
  });
  // The name that it has in events, too.
  return taskHandle(job?.id ?? `task-${engine.nextTask()}`, promise, (reason) => {
    job?.abort(reason);
    driver?.reject(reason);
  });
}
