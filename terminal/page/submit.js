/* submit.js: step 4: everything captured on one page, what is missing with a way there, and the press.
 */
import { money, refusalText, t } from "backpack/i18n";
import { Picture } from "backpack/picture";
import { Badge, Button, Icon, html } from "backpack/ui";
import { deed, lacking } from "./capture.js";
import { title } from "./case_list.js";
import { Veiled } from "./veiled.js";
import { Overdue } from "./rescan.js";

const FEN_PER_YUAN = 100;

export function SubmitStep({ terminal, items, look }) {
  const { open } = terminal;
  const missing = lacking(items);
  const go = (item) => {
    look(item.step);
    requestAnimationFrame(() => document.getElementById(`field-${item.field.name}`)?.scrollIntoView({ block: "center" }));
  };
  return html`<div class="submit">
    ${missing.length > 0 && html`<${Missing} missing=${missing} go=${go} />`}
    ${open.reasons.length > 0 && html`<${Reasons} reasons=${open.reasons} />`}
    <${Overdue} terminal=${terminal} />
    <section class="card summary">
      <h2>${t("submit.summary")}</h2>
      <dl>
        ${items.map(
          (item) => html`<div key=${item.field.name} class=${item.field.kind === "photo" ? "summary-photo" : ""}>
            <dt>${title(item.field)}</dt>
            <dd><${Value} open=${open} item=${item} /></dd>
          </div>`,
        )}
      </dl>
    </section>
    <div class="submit-foot">
      <div class="submit-words">
        ${open.can_submit && html`<strong class="left-none"><${Icon} name="circle-check" />${t("submit.ready")}</strong>`}
        ${open.can_submit && html`<small>${t(terminal.link === "online" ? "submit.ready_note" : "submit.offline_note")}</small>`}
      </div>
      <${Button} kind="primary" class="big" icon="send" disabled=${!open.can_submit} onClick=${() => deed(open, "submit")}>
        ${t("submit.go")}
      <//>
    </div>
  </div>`;
}

function Missing({ missing, go }) {
  return html`<section class="missing" role="alert">
    <h2><${Icon} name="circle-alert" />${t("submit.missing", { n: missing.length })}</h2>
    <ul>
      ${missing.map(
        (item) => html`<li key=${item.field.name}>
          <button type="button" onClick=${() => go(item)}>
            <span><strong>${title(item.field)}</strong><small>${refusalText(item.view.problem)}</small></span>
            <span class="missing-go">${t("submit.go_there")}<${Icon} name="chevron-right" /></span>
          </button>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** Why the office sent it back or refused it. In English the office's own sentence stands below. */
export function Reasons({ reasons }) {
  return html`<ul class="reasons" role="alert">
    ${reasons.map((reason, index) => {
      const text = refusalText(reason);
      return html`<li key=${index}>
        <${Icon} name="circle-alert" />
        <span>${text}${text !== reason.message && html`<small lang="zh-CN">${reason.message}</small>`}</span>
      </li>`;
    })}
  </ul>`;
}

function Value({ open, item }) {
  const { field, view } = item;
  if (field.kind === "photo" && view.digest) return html`<${Picture} digest=${view.digest} alt=${title(field)} />`;
  if (view.follows) return html`<${Badge} state="wait">${t("photo.later")}<//><small>${t("photo.later_note")}</small>`;
  if (!view.shown) return html`<span class="none">${t("submit.none")}</span>`;
  const word = WORDS[field.kind];
  return word ? word(field, view) : html`<${Veiled} open=${open} place=${`form/${field.name}`} text=${view.shown} />`;
}

/** How the kinds that are not shown as they stand are summed up. */
const WORDS = {
  choice: (field, view) => optionTitle(field, view.shown),
  choices: (field, view) => view.shown.split(",").map((code) => optionTitle(field, code)).join(t("list.and")),
  amount: (_field, view) => money(Math.round(Number(view.shown) * FEN_PER_YUAN)),
  number: (field, view) => `${view.shown} ${title({ title_zh: field.unit_zh, title_en: field.unit_en })}`,
  table: (_field, view) => t("submit.rows", { n: view.shown }),
  confirm: () => t("submit.confirmed"),
  ink: () => t("form.signed"),
  recording: (_field, view) => t("form.recorded", { time: view.shown }),
  listed: (_field, view) => view.shown,
  text: (_field, view) => view.shown,
  colleague: (_field, view) => view.shown,
};

function optionTitle(field, code) {
  return title(field.options.find((option) => option.code === code) ?? plain(code));
}

function plain(text) {
  return { title_zh: text, title_en: text };
}
