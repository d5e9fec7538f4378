/* queue.js: the left pane: what waits, for how long, and who has it; and what was decided here.
 *
 * The order is the office's. The filter and the tabs only hide rows. The page keeps a selection of
 * its own, by case, so that a row that moves up keeps being the selected one.
 */
import { computed, signal } from "@preact/signals";
import { createRef } from "preact";
import { command, link, state } from "backpack/connection";
import { elapsed, hourMinute, t } from "backpack/i18n";
import { Badge, Button, Icon, html, isKey, toastError } from "backpack/ui";
import { now } from "/shared/clock.js";
import { ReviewList } from "./review_list.js";
import { title } from "./titles.js";

const SOON_MS = 60_000;
const VERDICTS = { approve: ["good", "circle-check"], return: ["wait", "undo-2"], reject: ["bad", "ban"] };

/** Which list is shown: `all`, `mine`, `done`, or `reviews` with what belongs to them. */
export const tab = signal("all");
const filter = signal("");
const selectedId = signal("");

/** The filter's input, for the key `/`. */
export const filterBox = createRef();

/** A flag in words; one that this page does not know shows as its code. */
export function flagWord(flag) {
  const word = t(`flag.${flag}`);
  return word.startsWith("[") ? flag : word;
}

const rows = computed(() => {
  if (tab.value === "reviews") return state.value?.reviews?.items ?? [];
  const queue = ["all", "mine"].includes(tab.value) ? (state.value?.queue ?? []) : [];
  const wanted = filter.value.trim().toLowerCase();
  return queue.filter((item) => (tab.value !== "mine" || item.mine) && words(item).includes(wanted));
});

function words(item) {
  const flags = item.flags.map(flagWord);
  return [item.title_zh, item.title_en, item.union, item.outlet, item.operator, item.level, item.claimed_by, item.case_id, ...flags]
    .join(" ")
    .toLowerCase();
}

/** Select the row `by` further down; Enter then means this row, not the button pressed before. */
export function move(by) {
  const at = rows.value.findIndex((item) => item.case_id === selectedId.value);
  const next = rows.value[Math.min(Math.max(at + by, 0), rows.value.length - 1)];
  if (next === undefined) return;
  selectedId.value = next.case_id;
  document.activeElement?.blur();
  document.getElementById(`case-${next.case_id}`)?.scrollIntoView({ block: "nearest" });
}

/** Take the selected case, or open the selected review. */
export async function openSelected() {
  const item = rows.value.find((one) => one.case_id === selectedId.value);
  if (item === undefined) return;
  const { case_id } = item;
  if (tab.value === "reviews" && item.allowed) await command("view_review", { case_id });
  if (tab.value !== "reviews" && canTake(item)) await claim(case_id);
}

/** Take a case; the one that is shown here, and no other, is put back for it. */
export function claim(caseId) {
  return command("claim", { case_id: caseId, shown: state.value?.file?.item.case_id ?? "" });
}

/** Take the case that the office deals out. */
export async function takeNext() {
  tab.value = "all";
  await command("next");
}

function canTake(item) {
  return item.allowed && !item.dealt && (item.mine || !item.claimed_by);
}

export function Queue({ desk, live }) {
  const mine = desk.queue.filter((item) => item.mine).length;
  const known = (count) => (live && desk.queue_known ? count : "–");
  const counts = { all: known(desk.queue.length), mine: known(mine), done: desk.done.length, reviews: desk.reviews?.items.length ?? 0 };
  return html`<aside class="queue" aria-label=${t("queue.title")}>
    <div class="tabs" role="tablist">
      ${Object.entries(counts).map(
        ([name, count]) => html`<button
          key=${name}
          type="button"
          role="tab"
          aria-selected=${tab.value === name}
          onClick=${() => turnTo(name)}
        >${t(`queue.tab.${name}`)} <span class="count">${count}</span></button>`,
      )}
    </div>
    <${List} desk=${desk} live=${live} />
  </aside>`;
}

function turnTo(name) {
  tab.value = name;
  if (name === "reviews") command("show_reviews").catch(toastError);
}

function List({ desk, live }) {
  switch (tab.value) {
    case "done":
      return html`<${DoneList} done=${desk.done} />`;
    case "reviews":
      return html`<${ReviewList} reviews=${desk.reviews} live=${live} selectedId=${selectedId} />`;
    default:
      return html`<${OpenList} desk=${desk} live=${live} />`;
  }
}

function OpenList({ desk, live }) {
  const escape = (event) => {
    if (!isKey(event, "Escape")) return;
    filter.value = "";
    event.target.blur();
  };
  return html`<label class="search">
      <${Icon} name="search" />
      <input
        ref=${filterBox}
        type="search"
        value=${filter.value}
        placeholder=${t("queue.filter")}
        aria-label=${t("queue.filter")}
        onInput=${(event) => { filter.value = event.target.value; }}
        onKeyDown=${escape}
      />
      <kbd>/</kbd>
    </label>
    ${desk.queue.length > 0 &&
    html`<${Button} kind="primary" icon="inbox" disabled=${!live} onClick=${() => takeNext().catch(toastError)}>
      ${t("queue.next")} <kbd>N</kbd>
    <//>`}
    ${rows.value.length === 0 && html`<${Empty} known=${desk.queue_known} live=${live} />`}
    <ul>
      ${rows.value.map(
        (item) => html`<li key=${item.case_id}>
          <${Row} item=${item} open=${desk.file?.item.case_id === item.case_id} live=${live} />
        </li>`,
      )}
    </ul>`;
}

function Empty({ known, live }) {
  if (!live) return html`<p class="queue-empty"><${Icon} name="wifi-off" size="large" /><strong>${t("queue.cut")}</strong>${t("queue.cut_note")}</p>`;
  if (!known) return html`<p class="queue-empty"><${Icon} name="loader-circle" size="large turning" />${t("queue.asking")}</p>`;
  const wanted = filter.value.trim();
  if (wanted) return html`<p class="queue-empty">${t("queue.no_match", { q: wanted })}</p>`;
  return html`<p class="queue-empty"><${Icon} name="inbox" size="large" /><strong>${t("queue.empty")}</strong>${t("queue.empty_note")}</p>`;
}

function Row({ item, open, live }) {
  const take = () => {
    selectedId.value = item.case_id;
    claim(item.case_id).catch(toastError);
  };
  return html`<button
    type="button"
    id=${`case-${item.case_id}`}
    class=${`item ${selectedId.value === item.case_id ? "item-selected" : ""}`}
    aria-current=${open ? "true" : null}
    disabled=${!live || link.value !== "online" || !canTake(item)}
    title=${whyNot(item)}
    onClick=${take}
  >
    <span class="item-line">
      <strong>${title(item)}</strong>
      <span class="level" title=${t(`level.${item.level}`)}>${item.level}</span>
      ${item.priority > 0 && html`<span class="level" title=${t("queue.priority", { n: item.priority })}>↑${item.priority}</span>`}
      <span class="spread"></span>
      <${Due} item=${item} />
    </span>
    <span class="item-line item-soft">
      <span class="item-outlet">${place(item)}</span>
      <span class="spread"></span>
      <span>${t("queue.age", { time: elapsed(now.value - item.queued_ms) })}</span>
    </span>
    <span class="item-line item-soft"><span>${t("queue.operator", { name: item.operator })}</span></span>
    <${Marks} item=${item} />
  </button>`;
}

/** Where the case was captured; its union only where it is another than this desk's. */
function place(item) {
  const elsewhere = item.union && item.union !== state.value.staff?.union;
  return elsewhere ? t("queue.elsewhere", { union: item.union, outlet: item.outlet }) : item.outlet;
}

/** Why this desk cannot take the case, in a sentence; null when it can. */
function whyNot(item) {
  if (!item.allowed) return t(item.barred ? `queue.barred_note.${item.barred}` : "queue.not_allowed_note");
  return item.dealt ? t("queue.dealt_note") : null;
}

function Marks({ item }) {
  const plain = item.allowed && !item.dealt && !item.claimed_by && item.timing !== "sync";
  if (plain && item.flags.length === 0) return null;
  return html`<span class="item-line item-marks">
    ${item.timing === "sync" && html`<${Badge} state="info" icon="user">${t("queue.sync")}<//>`}
    ${item.flags.map((flag) => html`<${Badge} key=${flag} state="wait" icon="triangle-alert">${flagWord(flag)}<//>`)}
    ${!item.allowed && html`<${Badge} state="idle" icon="users">${t(item.barred ? `queue.barred.${item.barred}` : "queue.not_allowed")}<//>`}
    ${item.allowed && item.dealt && html`<${Badge} state="idle" icon="lock">${t("queue.dealt")}<//>`}
    ${item.claimed_by &&
    html`<${Badge} state=${item.mine ? "good" : "info"} icon="lock">
      ${item.mine ? t("queue.mine") : t("queue.claimed", { name: item.claimed_by })}
    <//>`}
  </span>`;
}

/** How the deadline stands: colour, icon and the time left or over. */
function Due({ item }) {
  const leftMs = item.due_ms - now.value;
  if (leftMs < 0) return html`<${Badge} state="bad" icon="timer">${t("queue.over", { time: elapsed(-leftMs) })}<//>`;
  const tone = leftMs < SOON_MS ? "wait" : "good";
  return html`<${Badge} state=${tone} icon="timer">${t("queue.left", { time: elapsed(leftMs) })}<//>`;
}

function DoneList({ done }) {
  if (done.length === 0) return html`<p class="queue-empty">${t("queue.no_done")}</p>`;
  return html`<ul>
    ${done.map((row) => {
      const [tone, icon] = VERDICTS[row.verdict];
      return html`<li key=${`${row.case_id}-${row.at_ms}`} class="item done-row">
        <span class="item-line">
          <strong>${title(row)}</strong><span class="spread"></span>
          <${Badge} state=${tone} icon=${icon}>${t(`decide.done.${row.verdict}`)}<//>
        </span>
        <span class="item-line item-soft">
          <span>${row.reason ? t(`reason.${row.reason}`) : `…${row.case_id.slice(-6)}`}</span>
          <span class="spread"></span><time>${hourMinute(row.at_ms)}</time>
        </span>
      </li>`;
    })}
  </ul>`;
}
