/* figures.js: the managers' view: filters, numbers at a glance, plots and tables of one union.
 *
 * The agent counts nothing and the page counts no cases: both show the office's figures. While this
 * view is on the glass the agent keeps them fresh; leaving it says so.
 */
import "./texts.js";
import { useEffect } from "preact/hooks";
import { command } from "backpack/connection";
import { t, timeOfDay } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import { Filters, ask, asking, begun, resetFilters } from "./filters.js";
import { Headline, QueueNow } from "./headline.js";
import { CasesPlot, WaitingPlot } from "./plots.js";
import { RejectionSearch } from "./rejection.js";
import { Tables } from "./tables.js";

export function FiguresPage({ desk, live }) {
  const view = desk.figures;
  useEffect(() => {
    return () => {
      resetFilters();
      command("hide_figures").catch(() => {}); // the agent forgets them at sign-out at the latest
    };
  }, []);
  useEffect(() => {
    if (live && (view === null || !begun())) ask();
  }, [live, view === null]);
  return html`<section class="figures" aria-label=${t("figures.title")}>
    <${Filters} view=${view} live=${live} />
    ${view === null ? html`<${Waiting} />` : html`<${Shown} view=${view} live=${live} />`}
  </section>`;
}

function Waiting() {
  if (asking.value === 0) return null;
  return html`<p class="figures-empty" role="status"><${Icon} name="loader-circle" size="large turning" />${t("figures.loading")}</p>`;
}

function Shown({ view, live }) {
  const { figures, problem } = view;
  const time = timeOfDay(figures.made_ms);
  return html`<div class="figures-body" aria-busy=${asking.value > 0}>
    <div class="figures-head">
      <${QueueNow} queue=${figures.queue} />
      <span class="spread"></span>
      <${RejectionSearch} live=${live} />
      ${problem
        ? html`<span class="figures-made bad"><${Icon} name="triangle-alert" />${t("figures.stale", { time })}</span>`
        : html`<small class="figures-made">${t("figures.made", { time })}</small>`}
    </div>
    <${Headline} total=${figures.total} />
    <div class="plots">
      <${CasesPlot} figures=${figures} />
      <${WaitingPlot} figures=${figures} />
    </div>
    <${Tables} figures=${figures} live=${live} />
  </div>`;
}
