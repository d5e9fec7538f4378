/* decide.js: the footer with the three verdicts, and the sheet in which one is confirmed.
 *
 * Nothing is decided by one key or one press: every verdict opens the sheet, takes the authorizer's
 * passcode for this one decision, and Enter. Returning and rejecting need a reason code. Without a
 * live link or a held claim the verdicts are disabled and say why.
 */
import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { command, link, state } from "backpack/connection";
import { errorText, t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, html, toast } from "backpack/ui";
import { now } from "/shared/clock.js";
import { seen } from "./images.js";
import { tab } from "./queue.js";
import { title } from "./titles.js";

const NOTE_CHARS_MAX = 500;
const MARKED_FIELDS_MAX = 20;
const REASONS = {
  approve: [],
  return: ["image_unclear", "image_missing", "element_mismatch", "form_incomplete"],
  reject: ["not_the_person", "id_doubtful", "coercion_or_fraud", "not_permitted"],
};
const KINDS = { approve: ["primary", "circle-check", "A"], return: ["plain", "undo-2", "R"], reject: ["plain", "ban", "X"] };

/** The verdict whose sheet is open, or null. */
export const deciding = signal(null);

/** Open the sheet of a verdict, if a decision is possible now. */
export function ask(verdict) {
  const desk = state.value;
  if (tab.value === "reviews" || desk?.file == null || blockedBy(desk.file, link.value === "online" && desk.link === "online")) return;
  deciding.value = verdict;
}

/** Why no decision is possible: "link", "lost", "images", or "" when one is. */
function blockedBy(file, live) {
  if (!live) return "link";
  if (file.lost || file.lease_until_ms <= now.value) return "lost";
  return file.images.every((image) => image.loaded === 100) ? "" : "images";
}

export function DecideBar({ file, live }) {
  const blocked = blockedBy(file, live);
  return html`<footer class="decide">
    <${Button} kind="quiet" icon="arrow-left" disabled=${!live} onClick=${() => command("release", { case_id: file.item.case_id })}>${t("file.release")} <kbd>Esc</kbd><//>
    <span class="spread"></span>
    ${blocked && html`<span class="decide-blocked" role="status"><${Icon} name="lock" />${t(`decide.blocked.${blocked}`)}</span>`}
    ${["reject", "return", "approve"].map((verdict) => {
      const [kind, icon, key] = KINDS[verdict];
      return html`<${Button} key=${verdict} kind=${kind} icon=${icon} disabled=${blocked !== ""} onClick=${() => ask(verdict)}>
        ${t(`verdict.${verdict}`)} <kbd>${key}</kbd>
      <//>`;
    })}
    ${deciding.value && html`<${Sheet} key=${deciding.value} verdict=${deciding.value} file=${file} blocked=${blocked} />`}
  </footer>`;
}

function Sheet({ verdict, file, blocked }) {
  const [reason, setReason] = useState(null);
  const [fields, setFields] = useState([]);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  // What was looked at when the sheet was opened: what comes afterwards is not decided blindly.
  const [shown] = useState(file.version);
  const form = useRef(null);
  const close = () => {
    deciding.value = null;
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy || incomplete || blocked) return;
    const entered = new FormData(form.current);
    setBusy(true);
    setProblem("");
    try {
      const note = entered.get("note").trim();
      await command("decide", {
        case_id: file.item.case_id,
        version: shown,
        verdict,
        reason,
        note,
        passcode: entered.get("passcode"),
        fields,
      });
      toast(t("decide.toast", { verdict: t(`decide.done.${verdict}`), title: title(file.item) }), "good");
      close();
    } catch (error) {
      setProblem(errorText(error));
      if (form.current) form.current.elements.passcode.value = "";
    } finally {
      setBusy(false);
    }
  };
  const incomplete = REASONS[verdict].length > 0 && reason === null;
  const actions = html`<${Button} onClick=${close}>${t("ui.cancel")}<//>
    <${Button}
      type="submit"
      form="decision"
      kind=${verdict === "reject" ? "danger" : "primary"}
      icon=${busy ? "loader-circle" : KINDS[verdict][1]}
      disabled=${busy || incomplete || blocked !== ""}
    >${t(`decide.go.${verdict}`)}<//>`;
  return html`<${Dialog} open title=${t(`decide.${verdict}_title`)} onClose=${close} actions=${actions}>
    <form id="decision" ref=${form} class="stack" onSubmit=${submit}>
      <p><strong>${title(file.item)}</strong> · ${file.item.outlet} · ${file.item.operator}<br />${t(`decide.${verdict}_note`)}</p>
      ${verdict === "approve" && html`<${Namesake} flags=${file.item.flags} /><${Warnings} file=${file} />`}
      ${blocked && html`<p class="notice bad" role="alert"><${Icon} name="lock" />${t(`decide.blocked.${blocked}`)}</p>`}
      ${REASONS[verdict].length > 0 && html`<${Reasons} reasons=${REASONS[verdict]} reason=${reason} pick=${setReason} />`}
      ${verdict === "return" && html`<${Marks} file=${file} fields=${fields} mark=${setFields} />`}
      <${Field} label=${t("decide.note")} hint=${t(verdict === "reject" ? "decide.note_hint_reject" : "decide.note_hint", { n: NOTE_CHARS_MAX })}>
        <textarea name="note" rows="2" maxlength=${NOTE_CHARS_MAX}></textarea>
      <//>
      <${Field} label=${t("decide.passcode")} hint=${t("decide.passcode_hint")} error=${problem} required>
        <input name="passcode" type="password" autocomplete="off" required maxlength="128" autofocus=${verdict === "approve"} />
      <//>
    </form>
  <//>`;
}

/** Who decides carries the name of somebody who had a part in it; no such person is given a review. */
function Namesake({ flags }) {
  return flags.includes("same_name") && html`<p class="notice wait"><${Icon} name="users" />${t("decide.same_name")}</p>`;
}

/** What somebody should settle before they say that a case is right, in a decision or a review. */
export function Warnings({ file }) {
  const differing = file.compared.filter((row) => row.differs).length;
  const unseen = file.images.filter((image) => !seen.value.has(image.digest)).length;
  return html`${differing > 0 &&
    html`<p class="notice bad"><${Icon} name="triangle-alert" />${t("decide.differs", { n: differing })}</p>`}
    ${unseen > 0 && html`<p class="notice wait"><${Icon} name="eye" />${t("decide.unseen", { n: unseen })}</p>`}`;
}

function Reasons({ reasons, reason, pick }) {
  return html`<fieldset class="reasons">
    <legend>${t("decide.reason")}<em title=${t("ui.required")}>*</em></legend>
    ${reasons.map(
      (one, index) => html`<label key=${one} class="reason">
        <input type="radio" name="reason" checked=${reason === one} autofocus=${index === 0} onChange=${() => pick(one)} />
        <span>${t(`reason.${one}`)}</span>
      </label>`,
    )}
  </fieldset>`;
}

/** The form's fields that were answered, each once: a table has a row for each of its lines. */
function answered(file) {
  const titles = new Map();
  for (const one of [...file.compared, ...file.images]) {
    if (one.field && !titles.has(one.field)) titles.set(one.field, title(one).replace(/\s?[（(]1[）)]$/, ""));
  }
  return [...titles];
}

function Marks({ file, fields, mark }) {
  const toggle = (name) => mark(fields.includes(name) ? fields.filter((one) => one !== name) : [...fields, name]);
  const known = answered(file);
  if (known.length === 0) return null;
  return html`<fieldset class="reasons marks">
    <legend>${t("decide.fields")}</legend>
    ${known.map(
      ([name, words]) => html`<label key=${name} class="reason">
        <input
          type="checkbox"
          checked=${fields.includes(name)}
          disabled=${fields.length >= MARKED_FIELDS_MAX && !fields.includes(name)}
          onChange=${() => toggle(name)}
        />
        <span>${words}</span>
      </label>`,
    )}
  </fieldset>`;
}
