/* rescan.js: photos that follow (影像补扫): what the open case owes, taking it, and what is overdue.
 *
 * The agent says what is owed and by when; a case stays complete in everything else, so this stands
 * beside whatever the case is at, also when it is closed.
 */
import { command } from "backpack/connection";
import { t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { deed, lacking, owedItems } from "./capture.js";
import { title } from "./case_list.js";
import { OwedBadge, lastDay, standingOf } from "./owed_badge.js";
import { Photos } from "./photo.js";

/** One line on the page of a case that owes something, with the way to pay it. */
export function Owed({ terminal, onTake }) {
  const { open } = terminal;
  const standing = standingOf(open.owed);
  const photos = owedItems(open).map((item) => title(item.field)).join(t("list.and"));
  const note = standing === "given" && terminal.link !== "online" ? "given_offline" : standing;
  return html`<section class=${`owed owed-${standing}`} role="status" aria-label=${t("owed.title")}>
    <${OwedBadge} owed=${open.owed} />
    <div><strong>${photos}</strong><small>${t(`owed.${note}_note`, { day: lastDay(open.owed) })}</small></div>
    ${standing !== "given" && html`<${Button} kind="primary" icon="camera" onClick=${onTake}>${t("owed.go")}<//>`}
  </section>`;
}

/** The photos that are owed, taken as any other, and the press that hands them in. */
export function Rescan({ terminal, onBack }) {
  const items = owedItems(terminal.open);
  const left = lacking(items).length;
  const give = async () => {
    await deed(terminal.open, "give_rescan");
    onBack();
  };
  return html`<div class="work-body">
      <p class="owed-once"><${Icon} name="info" />${t("owed.once")}</p>
      <${Photos} terminal=${terminal} items=${items} />
    </div>
    <footer class="work-foot">
      <span class=${left ? "left" : "left left-none"}>
        <${Icon} name=${left ? "circle-alert" : "circle-check"} />${left ? t("owed.left", { n: left }) : t("owed.complete")}
      </span>
      <${Button} icon="arrow-left" onClick=${onBack}>${t("owed.back")}<//>
      <${Button} kind="primary" icon="send" disabled=${left > 0} onClick=${give}>${t("owed.give")}<//>
    </footer>`;
}

/** What keeps this teller from submitting anything, with a way to each case; else nothing. */
export function Overdue({ terminal }) {
  const mine = (row) => row.owed?.staff_id === terminal.staff.staff_id && standingOf(row.owed) === "overdue";
  const rows = terminal.cases.filter(mine);
  if (rows.length === 0) return null;
  return html`<section class="missing overdue" role="alert">
    <h2><${Icon} name="triangle-alert" />${t("owed.blocked")}</h2>
    <ul>
      ${rows.map(
        (row) => html`<li key=${row.case_id}>
          <button type="button" onClick=${() => command("show_case", { case_id: row.case_id })}>
            <span><strong>${title(row)}</strong><small>${row.customer} …${row.case_id.slice(-6)}</small></span>
            <span class="missing-go">${t("owed.go")}<${Icon} name="chevron-right" /></span>
          </button>
        </li>`,
      )}
    </ul>
  </section>`;
}
