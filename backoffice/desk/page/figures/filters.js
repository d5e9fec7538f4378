/* filters.js: which days, outlet and service are counted, and asking for them.
 *
 * The filters are the page's until the office has answered; tables and plots draw the figures of the
 * answer, which say what they were counted for. A refusal is shown beside the filters.
 */
import { signal } from "@preact/signals";
import { command } from "backpack/connection";
import { errorText, t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { now } from "/shared/clock.js";
import { title } from "../titles.js";

const DAY_MS = 86_400_000;
const RANGES = [1, 7, 30];
const RANGE_FIRST = 7;
const CHINA = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });

/** What was last asked for, or null before the first time. */
const wanted = signal(null);
const problem = signal("");
/** How many answers are awaited. */
export const asking = signal(0);

/** The civil date in China `back` days before today. */
function day(back = 0) {
  return CHINA.format(now.value - back * DAY_MS);
}

/** Ask for figures with some filters changed; the view keeps itself fresh from then on. */
export async function ask(change = {}) {
  const filters = { ...(wanted.value ?? { first: day(RANGE_FIRST - 1), last: day(), outlet: "", product: "" }), ...change };
  wanted.value = filters;
  asking.value += 1;
  try {
    await command("show_figures", filters);
    if (wanted.value === filters) problem.value = "";
  } catch (error) {
    if (wanted.value === filters) problem.value = errorText(error);
  } finally {
    asking.value -= 1;
  }
}

/** Whether the filters have been chosen, be it by default. */
export function begun() {
  return wanted.value !== null;
}

/** Begin with the usual filters the next time. */
export function resetFilters() {
  wanted.value = null;
  problem.value = "";
}

/** The row of filters. `view` is the agent's `FiguresView` or null. */
export function Filters({ view, live }) {
  const filters = wanted.value;
  if (filters === null) return null;
  const today = day();
  return html`<div class="filters" role="group" aria-label=${t("filter.title")}>
    <div class="ranges" role="group" aria-label=${t("filter.range")}>
      ${RANGES.map((days) => html`<${Range} key=${days} days=${days} filters=${filters} live=${live} />`)}
    </div>
    <${DateBox} name="first" value=${filters.first} max=${today} live=${live} />
    <${DateBox} name="last" value=${filters.last} max=${today} live=${live} />
    <label>
      <span>${t("filter.outlet")}</span>
      <select aria-label=${t("filter.outlet")} value=${filters.outlet} disabled=${!live} onChange=${(event) => ask({ outlet: event.target.value })}>
        <option value="">${t("filter.all_outlets")}</option>
        ${(view?.outlets ?? []).map((code) => html`<option key=${code} value=${code}>${code}</option>`)}
      </select>
    </label>
    <label>
      <span>${t("filter.product")}</span>
      <select aria-label=${t("filter.product")} value=${filters.product} disabled=${!live} onChange=${(event) => ask({ product: event.target.value })}>
        <option value="">${t("filter.all_products")}</option>
        ${(view?.products ?? []).map((one) => html`<option key=${one.code} value=${one.code}>${title(one)}</option>`)}
      </select>
    </label>
    <${Button} kind="quiet" icon="refresh-cw" label=${t("figures.refresh")} disabled=${!live} onClick=${() => ask()} />
    ${problem.value && html`<p class="filter-problem bad" role="alert"><${Icon} name="circle-alert" />${problem.value}</p>`}
  </div>`;
}

function Range({ days, filters, live }) {
  const range = { first: day(days - 1), last: day() };
  const chosen = filters.first === range.first && filters.last === range.last;
  return html`<button type="button" aria-pressed=${chosen} disabled=${!live} onClick=${() => ask(range)}>
    ${t(`filter.days.${days}`)}
  </button>`;
}

function DateBox({ name, value, max, live }) {
  const change = (event) => {
    if (event.target.value) ask({ [name]: event.target.value });
  };
  return html`<label>
    <span>${t(`filter.${name}`)}</span>
    <input type="date" aria-label=${t(`filter.${name}`)} name=${name} value=${value} max=${max} required disabled=${!live} onChange=${change} />
  </label>`;
}
