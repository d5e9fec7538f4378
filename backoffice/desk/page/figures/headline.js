/* headline.js: the view's numbers at a glance, and how the queue stands now.
 *
 * A rate or a median of nothing is a dash, never a zero.
 */
import { elapsed, money, number, percent, t } from "backpack/i18n";
import { Badge, html } from "backpack/ui";

/** Shown where there is nothing to divide by. */
export const NOTHING = "—";

/** `part` of `whole` as a percentage. */
export function rate(part, whole) {
  return whole > 0 ? percent(part / whole) : NOTHING;
}

/** Seconds as minutes with one decimal; a dash where there are none. */
export function minutes(seconds) {
  return seconds === null ? NOTHING : number(seconds / 60, 1);
}

/** The total of the view in eight numbers. */
export function Headline({ total }) {
  const minuteText = (text) => (text === NOTHING ? text : t("head.minutes", { n: text }));
  const tiles = [
    ["cases", t("head.cases_n", { n: number(total.cases) })],
    ["closed", t("head.cases_n", { n: number(total.closed) })],
    ["return_rate", rate(total.returned, total.cases)],
    ["approve_rate", rate(total.approved, total.approved + total.rejected)],
    ["handling", minuteText(minutes(total.handling_s))],
    ["waiting", minuteText(minutes(total.waiting_s))],
    ["saved_time", t("head.minutes", { n: number(Math.round(total.saved_s / 60)) })],
    ["saved_money", money(total.saved_fen)],
  ];
  return html`<dl class="headline">
    ${tiles.map(
      ([name, value]) => html`<div key=${name} class="tile" title=${NOTED.has(name) ? t(`head.${name}_note`) : null}>
        <dt>${t(`head.${name}`)}</dt>
        <dd>${value}</dd>
      </div>`,
    )}
  </dl>`;
}

const NOTED = new Set(["return_rate", "approve_rate", "handling", "waiting", "saved_time", "saved_money"]);

/** The queue as it stood when the figures were counted. */
export function QueueNow({ queue }) {
  const { waiting, claimed, overdue, oldest_s } = queue;
  return html`<section class="queue-now" aria-label=${t("now.title")}>
    <h2>${t("now.title")}</h2>
    <${Badge} state=${waiting > 0 ? "wait" : "good"} icon="clock">${t("now.waiting", { n: number(waiting) })}<//>
    <${Badge} state=${claimed > 0 ? "info" : "idle"} icon="eye">${t("now.claimed", { n: number(claimed) })}<//>
    ${overdue > 0
      ? html`<${Badge} state="bad" icon="timer">${t("now.overdue", { n: number(overdue) })}<//>`
      : html`<${Badge} state="good" icon="timer">${t("now.none_overdue")}<//>`}
    ${waiting > 0 && html`<${Badge} state="idle" icon="history">${t("now.oldest", { time: elapsed(oldest_s * 1000) })}<//>`}
  </section>`;
}
