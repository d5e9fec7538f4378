/* slip.js: step 6: the customer reads the slip and signs below it, on white paper whatever the theme.
 *
 * That the slip lies before the customer is told to the agent once (`slip_seen`), and again only
 * after a lost link. Refusing is as reachable as signing, and asks once more before it undoes. What
 * was signed is kept on this device at once, says so, and cannot be drawn on any more.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { link } from "backpack/connection";
import { refusalText, t } from "backpack/i18n";
import { Button, Dialog, Icon, html, toastError } from "backpack/ui";
import { deed, leave } from "./capture.js";
import { title } from "./case_list.js";
import { Veiled } from "./veiled.js";
import { Signature } from "./signature.js";

export function SlipView({ terminal }) {
  const { open } = terminal;
  const pad = useRef(null);
  const [inked, setInked] = useState(false);
  const online = link.value === "online";
  const signed = open.promised === "signature";
  useEffect(() => {
    if (open.state === "PREPARED" && open.slip !== null && online) deed(open, "slip_seen").catch(toastError);
  }, [open.state, open.slip === null, online]);

  if (open.slip === null) return html`<p class="work-body">${t("slip.missing")}</p>`;
  const problem = open.reasons.at(-1);
  return html`<div class="work-body slip">
      <section class="card slip-paper" aria-label=${title(open.slip)}>
        <header><h2>${title(open.slip)}</h2><p>${t("slip.please_read")}</p></header>
        <dl>
          ${open.slip.lines.map(
            (line, index) => html`<div key=${index}>
              <dt>${title(line)}</dt>
              <dd><${Veiled} open=${open} place=${`slip/${index}`} text=${line.value} /></dd>
            </div>`,
          )}
        </dl>
      </section>
      <${Signature} pad=${pad} of=${open.slip_hash} onInk=${setInked} locked=${signed} />
    </div>
    <footer class="work-foot">
      ${signed
        ? html`<${Signed} terminal=${terminal} />`
        : html`<${Refuse} open=${open} />
            <span class="spread">${problem && html`<span class="complaint" role="alert"><${Icon} name="circle-alert" />${refusalText(problem)}</span>`}</span>
            <${Button} icon="undo-2" disabled=${!inked} onClick=${() => pad.current.undo()}>${t("slip.undo")}<//>
            <${Button} icon="eraser" disabled=${!inked} onClick=${() => pad.current.clear()}>${t("slip.clear")}<//>
            <${Button}
              kind="primary"
              icon="check"
              disabled=${!inked || !online}
              onClick=${() => deed(open, "sign", { slip_hash: open.slip_hash, ...pad.current.ink() })}
            >${t("slip.confirm")}<//>`}
    </footer>`;
}

/** What became of the signature, and that nobody has to wait for it here. */
function Signed({ terminal }) {
  const sent = terminal.link === "online";
  return html`<strong class="signed" role="status">
      <${Icon} name=${sent ? "upload" : "lock"} />${t(sent ? "slip.signed_online" : "slip.signed_offline")}
    </strong>
    <span class="spread"></span>
    <${Button} kind="primary" icon="users" onClick=${() => leave(terminal.open)}>${t("work.next_customer")}<//>`;
}

function Refuse({ open }) {
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  const go = async () => {
    await deed(open, "refuse_slip");
    close();
  };
  return html`<${Button} icon="x" onClick=${() => setAsking(true)}>${t("slip.refuse")}<//>
    <${Dialog}
      open=${asking}
      title=${t("slip.refuse_title")}
      onClose=${close}
      actions=${html`<${Button} onClick=${close}>${t("slip.refuse_keep")}<//>
        <${Button} kind="danger" icon="undo-2" onClick=${go}>${t("slip.refuse_go")}<//>`}
    >
      <p>${t("slip.refuse_note")}</p>
    <//>`;
}
