/* tables.js: the view split by outlet, service, day, terminal and state; sorted by clicking a heading.
 *
 * Sorting is the page's own and is kept per table; a total stays last. What is saved as a file is the
 * agent's: `save.js`.
 */
import { signal } from "@preact/signals";
import { dateTime, monthDay, money, number, t } from "backpack/i18n";
import { Badge, Button, Icon, html } from "backpack/ui";
import { StateBadge } from "/shared/case_words.js";
import { title } from "../titles.js";
import { NOTHING, minutes, rate } from "./headline.js";
import { save } from "./save.js";

const REACH = { online: ["good", "wifi"], recent: ["info", "clock"], quiet: ["wait", "timer"], lost: ["bad", "wifi-off"] };
const REACH_ORDER = Object.keys(REACH);

/* A column: what it is called, what it is sorted by, how it is shown; `text` columns start at the left. */
const count = (name) => ({ name, by: (row) => row[name], show: (row) => number(row[name]) });
const COUNTED = [
  count("cases"),
  count("closed"),
  count("returned"),
  { name: "return_rate", by: (row) => (row.cases ? row.returned / row.cases : -1), show: (row) => rate(row.returned, row.cases) },
  count("approved"),
  count("rejected"),
  count("failed"),
  count("operators"),
  { name: "handling", by: (row) => row.handling_s ?? -1, show: (row) => minutes(row.handling_s) },
  { name: "waiting", by: (row) => row.waiting_s ?? -1, show: (row) => minutes(row.waiting_s) },
  { name: "saved_time", by: (row) => row.saved_s, show: (row) => number(Math.round(row.saved_s / 60)) },
  { name: "saved_money", by: (row) => row.saved_fen, show: (row) => money(row.saved_fen) },
];
const text = (name, by, show = by) => ({ name, by, show, text: true });

const TABLES = {
  outlets: { columns: [text("outlet", title), ...COUNTED], rows: (figures) => figures.outlets, total: true },
  products: { columns: [text("product", title), ...COUNTED], rows: (figures) => figures.products, total: true },
  days: { columns: [text("day", (row) => row.key, (row) => monthDay(row.key, { weekday: "short" })), ...COUNTED], rows: (figures) => figures.days, total: true },
  terminals: {
    columns: [
      text("device", (row) => row.device),
      text("outlet", (row) => row.outlet),
      text("staff", (row) => row.staff, (row) => row.staff || NOTHING),
      text("reach", (row) => REACH_ORDER.indexOf(row.reach), reachBadge),
      text("seen", (row) => row.seen_ms, (row) => (row.seen_ms ? dateTime(row.seen_ms) : NOTHING)),
      count("cases"),
    ],
    rows: (figures) => figures.terminals,
  },
  states: {
    columns: [
      text("state", (row) => row.at, (row) => html`<${StateBadge} state=${row.state} />`),
      count("count"),
      { name: "share", by: (row) => row.count, show: (row) => rate(row.count, row.all) },
    ],
    rows: (figures) => figures.states.map((row, at) => ({ ...row, key: row.state, at, all: figures.total.cases })),
  },
};

const shown = signal("outlets");
const sorting = signal({});

function reachBadge(row) {
  const [tone, icon] = REACH[row.reach];
  return html`<${Badge} state=${tone} icon=${icon}>${t(`reach.${row.reach}`)}<//>`;
}

/** The tables, one at a time. */
export function Tables({ figures, live }) {
  const name = shown.value;
  return html`<section class="tables" aria-label=${t("table.tabs")}>
    <div class="table-tabs">
      <div class="tabs" role="tablist">
        ${Object.keys(TABLES).map(
          (one) => html`<button key=${one} type="button" role="tab" aria-selected=${one === name} onClick=${() => { shown.value = one; }}>
            ${t(`table.${one}`)} <span class="count">${TABLES[one].rows(figures).length}</span>
          </button>`,
        )}
      </div>
      <small>${t("table.sort")}</small>
      <${Button} icon="download" disabled=${!live} onClick=${() => save(name)}>${t("table.save")}<//>
    </div>
    <${Table} key=${name} name=${name} table=${TABLES[name]} figures=${figures} />
  </section>`;
}

function Table({ name, table, figures }) {
  const { column, down } = sorting.value[name] ?? { column: "", down: false };
  const rows = sorted(table.rows(figures), table.columns.find((one) => one.name === column), down);
  if (rows.length === 0) return html`<p class="figures-empty"><${Icon} name="inbox" />${t("figures.empty")}</p>`;
  const sortBy = (one) => {
    const next = { column: one.name, down: column === one.name ? !down : !one.text };
    sorting.value = { ...sorting.value, [name]: next };
  };
  return html`<div class="table-box"><table>
    <thead>
      <tr>${table.columns.map((one) => html`<${Heading} key=${one.name} column=${one} sorted=${one.name === column} down=${down} sortBy=${sortBy} />`)}</tr>
    </thead>
    <tbody>
      ${rows.map((row) => html`<tr key=${row.key ?? row.device}>${table.columns.map((one, at) => cell(one, at, one.show(row)))}</tr>`)}
    </tbody>
    ${table.total &&
    html`<tfoot>
      <tr>${table.columns.map((one, at) => cell(one, at, at === 0 ? t("table.total") : one.show(figures.total)))}</tr>
    </tfoot>`}
  </table></div>`;
}

function sorted(rows, column, down) {
  if (column === undefined) return rows;
  const order = (one, other) => (typeof one === "string" ? one.localeCompare(other) : one - other);
  return [...rows].sort((one, other) => (down ? -1 : 1) * order(column.by(one), column.by(other)));
}

function Heading({ column, sorted, down, sortBy }) {
  return html`<th scope="col" class=${column.text ? "" : "figure"} aria-sort=${sorted ? (down ? "descending" : "ascending") : null}>
    <button type="button" onClick=${() => sortBy(column)}>
      ${t(`column.${column.name}`)}${sorted && html`<${Icon} name=${down ? "arrow-down" : "arrow-up"} />`}
    </button>
  </th>`;
}

function cell(column, at, shown) {
  if (at === 0) return html`<th key=${column.name} scope="row">${shown}</th>`;
  return html`<td key=${column.name} class=${column.text ? "" : "figure"}>${shown}</td>`;
}
