/* review_list.js: the left pane's list of what the rules passed by themselves and chance has drawn.
 *
 * Nothing is held: several people may have the same case open, and the first finding counts.
 */
import { command, state } from "backpack/connection";
import { dateTime, refusalText, t } from "backpack/i18n";
import { Badge, Icon, html, toastError } from "backpack/ui";
import { now } from "/shared/clock.js";
import { title } from "./titles.js";

const HOUR_MS = 3_600_000;

export function ReviewList({ reviews, live, selectedId }) {
  if (reviews === null && !live) return html`<p class="queue-empty"><${Icon} name="wifi-off" size="large" /><strong>${t("queue.cut")}</strong>${t("queue.cut_note")}</p>`;
  if (reviews === null) return html`<p class="queue-empty"><${Icon} name="loader-circle" size="large turning" />${t("review.asking")}</p>`;
  const { items, problem } = reviews;
  return html`${problem && html`<p class="notice wait" role="alert"><${Icon} name="circle-alert" />${problem.code === "E_FORBIDDEN" ? t("review.junior") : refusalText(problem)}</p>`}
    ${items.length === 0 && problem === null &&
    html`<p class="queue-empty"><${Icon} name="inbox" size="large" /><strong>${t("review.none")}</strong>${t("review.none_note")}</p>`}
    <ul>
      ${items.map((item) => html`<li key=${item.case_id}><${Row} item=${item} live=${live} selectedId=${selectedId} /></li>`)}
    </ul>`;
}

function Row({ item, live, selectedId }) {
  const open = state.value?.reviews?.file?.item.case_id === item.case_id;
  const view = () => {
    selectedId.value = item.case_id;
    command("view_review", { case_id: item.case_id }).catch(toastError);
  };
  return html`<button
    type="button"
    id=${`case-${item.case_id}`}
    class=${`item ${selectedId.value === item.case_id ? "item-selected" : ""}`}
    aria-current=${open ? "true" : null}
    disabled=${!live || !item.allowed}
    title=${item.allowed ? null : t("review.own_note")}
    onClick=${view}
  >
    <span class="item-line">
      <strong>${title(item)}</strong>
      <span class="level" title=${t(`level.${item.level}`)}>${item.level}</span>
      <span class="spread"></span>
      <span class="item-soft">${age(item)}</span>
    </span>
    <span class="item-line item-soft">
      <span class="item-outlet">${item.outlet} · ${t("queue.operator", { name: item.operator })}</span>
    </span>
    <span class="item-line item-soft"><span>${t("review.closed", { time: dateTime(item.closed_ms) })}</span></span>
    ${!item.allowed && html`<span class="item-line item-marks"><${Badge} state="idle" icon="users">${t("review.own")}<//></span>`}
  </button>`;
}

/** How long ago the case closed, in hours, and in days from one day up. */
function age(item) {
  const hours = Math.floor((now.value - item.closed_ms) / HOUR_MS);
  if (hours < 1) return t("review.age.new");
  return hours < 24 ? t("review.age.hours", { n: hours }) : t("review.age.days", { n: Math.floor(hours / 24) });
}
