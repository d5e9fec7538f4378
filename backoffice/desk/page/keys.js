/* keys.js: what each key does, in one table that is also the help sheet.
 *
 * A key acts only outside of inputs and sheets. None of them decides anything.
 */
import { signal } from "@preact/signals";
import { command, state } from "backpack/connection";
import { t } from "backpack/i18n";
import { Dialog, html, isKey, toast, toastError } from "backpack/ui";
import { ask } from "./decide.js";
import { choose, rotate, toggleSide, zoom } from "./images.js";
import { filterBox, move, openSelected, tab, takeNext } from "./queue.js";

/** Whether the help sheet is open. */
export const help = signal(false);

const KEYS = [
  { keys: ["j", "ArrowDown"], shown: ["j", "k"], text: "key.move", act: () => move(1) },
  { keys: ["k", "ArrowUp"], act: () => move(-1) },
  { keys: ["Enter"], shown: ["Enter"], text: "key.open", act: openSelected },
  { keys: ["n", "N"], shown: ["N"], text: "key.next", act: takeNext },
  { keys: ["/"], shown: ["/"], text: "key.filter", act: () => filterBox.current?.focus() },
  { keys: ["Escape"], shown: ["Esc"], text: "key.esc", act: putBack },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], shown: ["1", "…", "9"], text: "key.images", act: (key) => choose(Number(key) - 1) },
  { keys: ["+", "="], shown: ["+", "-", "0"], text: "key.zoom", act: () => zoom(1) },
  { keys: ["-"], act: () => zoom(-1) },
  { keys: ["0"], act: () => zoom(0) },
  { keys: ["]"], shown: ["[", "]"], text: "key.rotate", act: () => rotate(90) },
  { keys: ["["], act: () => rotate(-90) },
  { keys: ["s"], shown: ["s"], text: "key.side", act: toggleSide },
  { keys: ["a", "A"], shown: ["A"], text: "key.approve", act: () => ask("approve") },
  { keys: ["r", "R"], shown: ["R"], text: "key.return", act: () => ask("return") },
  { keys: ["x", "X"], shown: ["X"], text: "key.reject", act: () => ask("reject") },
  { keys: ["?"], shown: ["?"], text: "key.help", act: () => { help.value = true; } },
];

async function putBack() {
  const desk = state.value;
  const review = desk?.reviews?.file;
  if (tab.value === "reviews") return review && command("close_review", { case_id: review.item.case_id });
  if (desk?.file == null) return;
  await command("release", { case_id: desk.file.item.case_id });
  toast(t("file.released"), "info");
}

/** The listener for the whole page. */
export function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key === "Enter") return;
  if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
  if (isKey(event, "Enter") && event.target.closest("button")) return;
  const found = KEYS.find((entry) => isKey(event, ...entry.keys));
  if (found === undefined) return;
  event.preventDefault();
  Promise.resolve(found.act(event.key)).catch(toastError);
}

export function Help() {
  const close = () => {
    help.value = false;
  };
  return html`<${Dialog} open=${help.value} title=${t("desk.help")} onClose=${close}>
    <dl class="keys">
      ${KEYS.filter((entry) => entry.text).map(
        (entry) => html`<div key=${entry.text}>
          <dt>${entry.shown.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt>
          <dd>${t(entry.text)}</dd>
        </div>`,
      )}
    </dl>
  <//>`;
}
