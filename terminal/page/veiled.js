/* veiled.js: a number that is masked, and whole for as long as it is pressed.
 *
 * How to use it:
 *   html`<${Veiled} open=${open} place="slip/3" text=${line.value} />`
 *
 * The agent says which places can be shown (`open.veiled`), journals each look, and answers this
 * window alone. The whole number is in the page only while a finger or a key is down.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "backpack/i18n";
import { Icon, html, isKey, toastError } from "backpack/ui";
import { deed } from "./capture.js";

export function Veiled({ open, place, text }) {
  const [clear, setClear] = useState("");
  const held = useRef(0);
  const veil = () => {
    held.current += 1;
    setClear("");
  };
  useEffect(() => {
    addEventListener("blur", veil);
    return () => removeEventListener("blur", veil);
  }, []);
  if (!open.veiled.includes(place)) return html`<span class="digits">${text}</span>`;
  const look = async () => {
    const press = (held.current += 1);
    try {
      const found = await deed(open, "reveal", { place });
      if (press === held.current) setClear(found);
    } catch (error) {
      toastError(error);
    }
  };
  const down = (event) => {
    if (event.repeat || !isKey(event, "Enter", " ")) return;
    event.preventDefault();
    look();
  };
  return html`<span class="veiled">
    <span class="digits">${clear || text}</span>
    <button
      type="button"
      class="veiled-look"
      aria-label=${t("veiled.look")}
      title=${t("veiled.look")}
      onPointerDown=${look}
      onPointerUp=${veil}
      onPointerLeave=${veil}
      onPointerCancel=${veil}
      onContextMenu=${(event) => event.preventDefault()}
      onKeyDown=${down}
      onKeyUp=${veil}
      onBlur=${veil}
    ><${Icon} name="eye" /></button>
  </span>`;
}
