/* people.js: what somebody has to prove: the holder of a phone by a code, a colleague by a passcode.
 *
 * Neither code nor passcode is kept on the page: each goes to the office and is forgotten here,
 * whatever the answer.
 */
import { useState } from "preact/hooks";
import { elapsed, refusalText, t } from "backpack/i18n";
import { Badge, Button, Dialog, Field, html } from "backpack/ui";
import { now } from "/shared/clock.js";
import { capture, deed } from "../capture.js";
import { title } from "../case_list.js";
import { Complaint, FromKit, hintOf } from "./parts.js";
import { Typed } from "./typed.js";

const CODE_DIGITS = 6;

export function PhoneInput(props) {
  const input = html`<${Typed} ...${props} type="tel" inputmode="tel" maxlength="16" />`;
  if (!props.item.field.proven) return input;
  return html`<div class="phone wide">${input}<${Proof} open=${props.open} item=${props.item} /></div>`;
}

function Proof({ open, item }) {
  const { field, view } = item;
  const [digits, setDigits] = useState("");
  if (view.proven) return html`<${Badge} state="good" icon="shield-check">${t("form.phone_proven")}<//>`;
  const waitMs = view.code === null ? 0 : view.code.again_ms - now.value;
  const leftMs = view.code === null ? 0 : view.code.until_ms - now.value;
  const send = () => capture(open, "send_code", field.name);
  const enter = async () => {
    setDigits("");
    await capture(open, "enter_code", field.name, { code: digits });
  };
  return html`<div class="proof">
    <${Button} icon="message-square" disabled=${!view.shown || waitMs > 0} onClick=${send}>
      ${waitMs > 0 ? t("form.code_again_in", { time: elapsed(waitMs) }) : t(view.code ? "form.code_again" : "form.send_code")}
    <//>
    ${view.code !== null &&
    html`<input
        class="code"
        name=${`${field.name}-code`}
        aria-label=${t("form.code")}
        placeholder=${t("form.code")}
        inputmode="numeric"
        maxlength=${CODE_DIGITS}
        autocomplete="off"
        value=${digits}
        onInput=${(event) => setDigits(event.target.value)}
      />
      <${Button} kind="primary" icon="check" disabled=${digits.length !== CODE_DIGITS} onClick=${enter}>${t("form.check_code")}<//>
      <small>${leftMs > 0 ? t("form.code_left", { time: elapsed(leftMs) }) : t("form.code_over")}</small>`}
  </div>`;
}

export function Colleague({ open, item, problem }) {
  const { field, view } = item;
  const [asking, setAsking] = useState(false);
  return html`<${FromKit} open=${open} item=${item} problem=${problem} icon="user-plus" text=${view.shown || hintOf(field)}>
      <${Button} kind=${item.state === "missing" ? "primary" : "plain"} icon="user-plus" onClick=${() => setAsking(true)}>
        ${t(view.shown ? "form.colleague_again" : "form.colleague")}
      <//>
    <//>
    ${asking && html`<${ColleagueSheet} open=${open} field=${field} onClose=${() => setAsking(false)} />`}`;
}

function ColleagueSheet({ open, field, onClose }) {
  const [staffId, setStaffId] = useState("");
  const [passcode, setPasscode] = useState("");
  const [refused, setRefused] = useState("");
  const go = async () => {
    setPasscode("");
    try {
      await deed(open, "prove_colleague", { field: field.name, staff_id: staffId.trim(), passcode });
      onClose();
    } catch (error) {
      if (!error.refusal) throw error;
      setRefused(refusalText(error.refusal));
    }
  };
  return html`<${Dialog}
    open
    title=${title(field)}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t("ui.cancel")}<//>
      <${Button} kind="primary" icon="check" disabled=${!staffId.trim() || !passcode} onClick=${go}>${t("ui.confirm")}<//>`}
  >
    <p>${t("form.colleague_note")}</p>
    <${Field} label=${t("form.staff_id")} required>
      <input name="colleague-id" autocomplete="off" maxlength="20" value=${staffId} onInput=${(event) => setStaffId(event.target.value)} />
    <//>
    <${Field} label=${t("form.passcode")} required>
      <input
        name="colleague-passcode"
        type="password"
        autocomplete="off"
        maxlength="32"
        value=${passcode}
        onInput=${(event) => setPasscode(event.target.value)}
      />
    <//>
    <${Complaint} text=${refused} />
  <//>`;
}
