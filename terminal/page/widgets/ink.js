/* ink.js: a party's own signature, on white paper in a sheet of its own.
 */
import { useRef, useState } from "preact/hooks";
import { refusalText, t } from "backpack/i18n";
import { Button, Dialog, html } from "backpack/ui";
import { deed } from "../capture.js";
import { title } from "../case_list.js";
import { Signature } from "../signature.js";
import { Complaint, FromKit, hintOf } from "./parts.js";

export function Ink({ open, item, problem }) {
  const { field, view } = item;
  const [signing, setSigning] = useState(false);
  const text = view.shown ? t("form.signed") : hintOf(field) || t("form.sign_how");
  return html`<${FromKit} open=${open} item=${item} problem=${problem} icon="pen-line" text=${text}>
      <${Button} kind=${item.state === "missing" ? "primary" : "plain"} icon="pen-line" onClick=${() => setSigning(true)}>
        ${t(view.shown ? "form.sign_again" : "form.sign")}
      <//>
    <//>
    ${signing && html`<${Pad} open=${open} field=${field} onClose=${() => setSigning(false)} />`}`;
}

function Pad({ open, field, onClose }) {
  const pad = useRef(null);
  const [inked, setInked] = useState(false);
  const [refused, setRefused] = useState("");
  const cancel = () => {
    pad.current.clear();
    onClose();
  };
  const send = async () => {
    try {
      await deed(open, "sign_here", { field: field.name, ...pad.current.ink() });
      cancel();
    } catch (error) {
      if (!error.refusal) throw error;
      setRefused(refusalText(error.refusal));
    }
  };
  return html`<${Dialog}
    open
    wide
    title=${title(field)}
    onClose=${cancel}
    actions=${html`<${Button} icon="undo-2" disabled=${!inked} onClick=${() => pad.current.undo()}>${t("slip.undo")}<//>
      <${Button} icon="eraser" disabled=${!inked} onClick=${() => pad.current.clear()}>${t("slip.clear")}<//>
      <${Button} kind="primary" icon="check" disabled=${!inked} onClick=${send}>${t("slip.confirm")}<//>`}
  >
    <${Signature} pad=${pad} of=${`${open.case_id}/${field.name}`} onInk=${setInked} />
    <${Complaint} text=${refused} />
  <//>`;
}
