/* save.js: a table as a file: asked of the agent, saved once when it has come with the state.
 *
 * The export travels with the view model, so every page of this desk sees it; only the page that
 * asked saves it, and an export that was there before is never saved again.
 */
import { effect, signal } from "@preact/signals";
import { command, state } from "backpack/connection";
import { lang } from "backpack/i18n";

const awaited = signal(null);

/** Save a table of the figures on the screen. */
export async function save(table) {
  awaited.value = { after: state.value.export?.number ?? 0 };
  try {
    await command("export_figures", { table, lang: lang.value });
  } catch (error) {
    awaited.value = null;
    throw error;
  }
}

effect(() => {
  const made = state.value?.export;
  if (made == null || awaited.value === null || made.number <= awaited.value.after) return;
  awaited.value = null;
  download(made);
});

function download({ name, text }) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address));
}
