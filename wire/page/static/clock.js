/* clock.js: the program's time of day, ticking once a second.
 *
 * How to use it:
 *   import { now } from "/shared/clock.js";
 *   elapsed(now.value - item.queued_ms)      // a component that reads `now` is drawn again each second
 *
 * Ages and deadlines are counted on the program's clock (`state.now_ms`), never on the browser's, so
 * that a wrong clock in one of them cannot make a deadline look far away.
 */
import { effect, signal } from "@preact/signals";
import { state } from "backpack/connection";

const TICK_MS = 1_000;

/** Unix milliseconds on the program's clock. */
export const now = signal(Date.now());

let aheadMs = 0;
effect(() => {
  if (state.value === null) return;
  aheadMs = state.value.now_ms - Date.now();
  now.value = state.value.now_ms;
});
setInterval(() => {
  now.value = Date.now() + aheadMs;
}, TICK_MS);
