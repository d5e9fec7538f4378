/* view.js: which of the desk's two views is on the glass: the work, or the figures.
 *
 * Only a manager has two. The choice belongs to the page and goes with the person who signed in.
 */
import { computed, signal } from "@preact/signals";
import { state } from "backpack/connection";
import { t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";

const VIEWS = { work: "shield-check", figures: "chart-column" };
const chosen = signal({ view: "work", staffId: "" });

/** "work" or "figures". */
export const view = computed(() => {
  const staff = state.value?.staff;
  return staff?.manager && chosen.value.staffId === staff.staff_id ? chosen.value.view : "work";
});

/** The tabs in the head of a manager's page. */
export function ViewTabs({ staff }) {
  if (!staff.manager) return null;
  return html`<div class="view-tabs" role="tablist" aria-label=${t("view.name")}>
    ${Object.entries(VIEWS).map(
      ([name, icon]) => html`<button
        key=${name}
        type="button"
        role="tab"
        aria-selected=${view.value === name}
        onClick=${() => { chosen.value = { view: name, staffId: staff.staff_id }; }}
      ><${Icon} name=${icon} />${t(`view.${name}`)}</button>`,
    )}
  </div>`;
}
