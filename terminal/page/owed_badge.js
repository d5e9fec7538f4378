/* owed_badge.js: that a case owes photos, and until when, as colour, icon and word.
 *
 * How to use it:
 *   html`<${OwedBadge} owed=${row.owed} />`   // `owed` of a row or of the open case
 *   standingOf(owed)                          // "given", "overdue" or "due"
 *   lastDay(owed)                             // the last day on which it is in time: 11月25日
 */
import { dayOf, t } from "backpack/i18n";
import { Badge, html } from "backpack/ui";
import { now } from "/shared/clock.js";

const BADGES = {
  due: ["wait", "clock"],
  overdue: ["bad", "triangle-alert"],
  given: ["info", "upload"],
};

/** How the debt stands now. */
export function standingOf(owed) {
  if (owed.given) return "given";
  return owed.due_ms <= now.value ? "overdue" : "due";
}

/** A debt is due at the midnight that ends this day. */
export function lastDay(owed) {
  return dayOf(owed.due_ms - 1);
}

export function OwedBadge({ owed }) {
  const standing = standingOf(owed);
  const [tone, icon] = BADGES[standing];
  return html`<${Badge} state=${tone} icon=${icon}>${t(`owed.${standing}`, { day: lastDay(owed) })}<//>`;
}
