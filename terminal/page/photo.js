/* photo.js: step 2: one tile per picture: take it, look at it, retake it, see it travel.
 *
 * The kit's camera is the agent's business (`take_photo`). The tablet's own camera is the page's: a
 * picture from it is uploaded to the agent first and then used by its digest (`use_photo`). A photo
 * that cannot be taken now may follow the next day where the form lets it.
 */
import { useState } from "preact/hooks";
import { t } from "backpack/i18n";
import { Picture } from "backpack/picture";
import { Badge, Button, Dialog, Icon, html } from "backpack/ui";
import { CameraSheet } from "./camera.js";
import { cancelEntry, capture, ofStep, problemText } from "./capture.js";
import { title } from "./case_list.js";

const STANDS = {
  done: ["good", "circle-check", "photo.taken"],
  missing: ["wait", "camera", "photo.missing"],
  optional: ["idle", "minus", "photo.optional"],
  later: ["wait", "clock", "photo.later"],
  wrong: ["bad", "circle-x", "photo.wrong"],
};

export function PhotoStep({ terminal, items }) {
  const asked = ofStep(items, "photos");
  if (asked.length === 0) return html`<p class="step-none"><${Icon} name="circle-check" />${t("photo.none")}</p>`;
  return html`<${Photos} terminal=${terminal} items=${asked} mayFollow />`;
}

/** A tile for each photo; with `mayFollow`, some need not be taken now. */
export function Photos({ terminal, items, mayFollow = false }) {
  const [shooting, setShooting] = useState(null);
  const [large, setLarge] = useState(null);
  const kitReady = terminal.peripherals.some((one) => one.name === "camera" && ["ready", "busy"].includes(one.state));
  return html`<div class="photos">
    ${items.map(
      (item) => html`<${PhotoTile}
        key=${item.field.name}
        terminal=${terminal}
        item=${item}
        kitReady=${kitReady}
        mayFollow=${mayFollow && item.field.deferrable}
        shoot=${() => setShooting(item)}
        enlarge=${() => setLarge(item)}
      />`,
    )}
    ${shooting && html`<${CameraSheet} open=${terminal.open} item=${shooting} onClose=${() => setShooting(null)} />`}
    <${Dialog} open=${large !== null} wide title=${large ? title(large.field) : ""} onClose=${() => setLarge(null)}>
      ${large && html`<${Picture} class="photo-large" digest=${large.view.digest} alt=${title(large.field)} />`}
    <//>
  </div>`;
}

function PhotoTile({ terminal, item, kitReady, mayFollow, shoot, enlarge }) {
  const { open, busy } = terminal;
  const { field, view, state } = item;
  const taking = busy?.what === "photo" && busy.field === field.name;
  const [tone, icon, word] = STANDS[state];
  const problem = problemText(open, item);
  const taken = view.digest !== "";
  const kit = () => capture(open, "take_photo", field.name);
  return html`<article class=${`card photo photo-${state}`} aria-label=${title(field)}>
    <div class="photo-frame">
      ${taking && html`<span class="photo-empty"><${Icon} name="loader-circle" size="large turning" />${t("photo.taking")}</span>`}
      ${!taking && taken && html`<button type="button" class="photo-look" aria-label=${t("photo.enlarge", { what: title(field) })} onClick=${enlarge}>
        <${Picture} digest=${view.digest} alt=${title(field)} />
      </button>`}
      ${!taking && !taken && html`<span class="photo-empty"><${Icon} name="image" size="large" /></span>`}
      <span class="photo-badge"><${Badge} state=${tone} icon=${icon}>${t(word)}<//></span>
    </div>
    <h3>${title(field)}</h3>
    ${problem && html`<p class="complaint" role="alert"><${Icon} name="circle-alert" />${problem}</p>`}
    ${!problem && taken && html`<${Travel} uploaded=${view.uploaded} />`}
    ${!problem && !taken && html`<small>${state === "later" ? t("photo.later_note") : hint(field)}</small>`}
    <div class="photo-actions">
      ${taking
        ? html`<${Button} icon="x" onClick=${() => cancelEntry(open)}>${t("work.cancel_entry")}<//>`
        : html`<${Button} kind=${taken ? "plain" : "primary"} icon=${taken ? "refresh-cw" : "camera"}
              disabled=${busy !== null || !kitReady} onClick=${kit}>${taken ? t("photo.retake") : t("photo.kit")}<//>
            <${Button} icon="camera" disabled=${busy !== null} onClick=${shoot}>${t("photo.tablet")}<//>`}
    </div>
    ${mayFollow && !taken && !taking && html`<${Follow} open=${open} field=${field} follows=${view.follows} />`}
  </article>`;
}

/** Not now but the next day, and back. */
function Follow({ open, field, follows }) {
  return follows
    ? html`<${Button} kind="quiet" icon="undo-2" onClick=${() => capture(open, "clear_value", field.name)}>${t("photo.not_later")}<//>`
    : html`<${Button} kind="quiet" icon="clock" onClick=${() => capture(open, "defer_photo", field.name)}>${t("photo.later")}<//>`;
}

function hint(field) {
  return title({ title_zh: field.hint_zh, title_en: field.hint_en });
}

function Travel({ uploaded }) {
  const word =
    uploaded === 100 ? t("photo.uploaded") : uploaded === 0 ? t("photo.waits") : t("photo.uploading", { n: uploaded });
  return html`<div class="travel">
    <progress max="100" value=${uploaded} aria-label=${word}></progress>
    <small><${Icon} name=${uploaded === 100 ? "check" : "upload"} />${word}</small>
  </div>`;
}
