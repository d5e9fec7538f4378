/* rejection.js: why a case was not authorized, by the reference that the terminal shows.
 *
 * The answer is for the person who asked: it is in no state of the desk, and gone with the sheet.
 */
import { useState } from "preact/hooks";
import { command } from "backpack/connection";
import { dateTime, errorText, t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, html } from "backpack/ui";
import { title } from "../titles.js";

export function RejectionSearch({ live }) {
  const [open, setOpen] = useState(false);
  return html`<${Button} kind="quiet" icon="search" disabled=${!live} onClick=${() => setOpen(true)}>${t("rejection.find")}<//>
    ${open && html`<${Sheet} onClose=${() => setOpen(false)} />`}`;
}

function Sheet({ onClose }) {
  const [reference, setReference] = useState("");
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const find = async (event) => {
    event.preventDefault();
    setFound(null);
    setProblem("");
    try {
      setFound(await command("find_rejection", { reference }));
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  const actions = html`<${Button} onClick=${onClose}>${t("ui.close")}<//>
    <${Button} type="submit" form="rejection" kind="primary" icon="search" disabled=${!reference.trim()}>${t("rejection.go")}<//>`;
  return html`<${Dialog} open title=${t("rejection.title")} onClose=${onClose} actions=${actions}>
    <form id="rejection" class="stack" onSubmit=${find}>
      <${Field} label=${t("rejection.reference")} error=${problem}>
        <input name="reference" autocomplete="off" maxlength="40" value=${reference} onInput=${(event) => setReference(event.target.value)} />
      <//>
    </form>
    ${found && html`<${Found} rejection=${found} />`}
  <//>`;
}

function Found({ rejection }) {
  const lines = {
    service: title(rejection),
    outlet: rejection.outlet,
    operator: rejection.operator,
    authorizer: rejection.authorizer,
    time: dateTime(rejection.at_ms),
    reason: t(`reason.${rejection.reason}`),
    note: rejection.note || t("rejection.none"),
  };
  return html`<p class="notice wait"><${Icon} name="lock" />${t("rejection.private")}</p>
    <dl class="rejection">
      ${Object.entries(lines).map(([name, text]) => html`<div key=${name}><dt>${t(`rejection.${name}`)}</dt><dd>${text}</dd></div>`)}
    </dl>`;
}
