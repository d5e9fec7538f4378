/* review.js: a closed case that was drawn, looked at as a decision is, and what was found.
 *
 * A finding changes nothing about the case and is kept for good; so it is confirmed in a sheet, and
 * says what is wrong. Without a live link or before every image is there, nothing can be said.
 */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { command } from "backpack/connection";
import { dateTime, errorText, t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, html, toast } from "backpack/ui";
import { StateBadge } from "/shared/case_words.js";
import { Warnings } from "./decide.js";
import { Elements } from "./elements.js";
import { title } from "./titles.js";
import { Images } from "./viewer.js";

const NOTE_CHARS_MAX = 500;
const KINDS = { fine: ["primary", "circle-check"], wrong: ["plain", "triangle-alert"] };

/** The finding whose sheet is open, "fine" or "wrong", or null. */
const finding = signal(null);

export function NoReview() {
  return html`<section class="no-file">
    <${Icon} name="eye" size="large" />
    <h2>${t("review.pick")}</h2>
    <p>${t("review.pick_note")}</p>
  </section>`;
}

export function Review({ file, live }) {
  const { item } = file;
  useLayoutEffect(() => () => {
    finding.value = null;
  }, []);
  return html`<section class="file">
    <div class="file-head">
      <h1>${title(item)}</h1>
      <span class="level" title=${t(`level.${item.level}`)}>${item.level} ${t(`level.${item.level}`)}</span>
      <${StateBadge} state=${file.state} />
      <small>${item.outlet} · ${item.operator} · …${item.case_id.slice(-12)} · ${t("review.closed", { time: dateTime(item.closed_ms) })}</small>
    </div>
    ${file.lost ? html`<${Lost} item=${item} live=${live} />` : html`<p class="notice info"><${Icon} name="info" />${t(item.level === "A1" ? "review.drawn" : "review.drawn_alike")}</p>`}
    <${Images} images=${file.images} />
    <${Elements} file=${file} />
    <${Findings} file=${file} live=${live} />
  </section>`;
}

function Lost({ item, live }) {
  const again = () => command("view_review", { case_id: item.case_id });
  return html`<div class="notice bad" role="alert">
    <${Icon} name="circle-alert" />
    <div><strong>${t("review.lost")}</strong> <span>${t("review.lost_note")}</span></div>
    <${Button} icon="refresh-cw" disabled=${!live} onClick=${again}>${t("review.again")}<//>
  </div>`;
}

/** Why nothing can be said now: "link", "lost", "images", or "" when it can. */
function blockedBy(file, live) {
  if (!live) return "link";
  if (file.lost) return "lost";
  return file.images.every((image) => image.loaded === 100) ? "" : "images";
}

function Findings({ file, live }) {
  const { item } = file;
  const blocked = blockedBy(file, live);
  return html`<footer class="decide">
    <${Button} kind="quiet" icon="arrow-left" onClick=${() => command("close_review", { case_id: item.case_id })}>${t("review.close")} <kbd>Esc</kbd><//>
    <span class="spread"></span>
    ${blocked && html`<span class="decide-blocked" role="status"><${Icon} name="lock" />${t(`review.blocked.${blocked}`)}</span>`}
    ${["wrong", "fine"].map((name) => {
      const [kind, icon] = KINDS[name];
      return html`<${Button} key=${name} kind=${kind} icon=${icon} disabled=${blocked !== ""} onClick=${() => { finding.value = name; }}>
        ${t(`review.${name}`)}
      <//>`;
    })}
    ${finding.value && html`<${Sheet} key=${finding.value} name=${finding.value} file=${file} blocked=${blocked} />`}
  </footer>`;
}

function Sheet({ name, file, blocked }) {
  const { item } = file;
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const close = () => {
    finding.value = null;
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy || blocked) return;
    setBusy(true);
    setProblem("");
    try {
      const note = new FormData(form.current).get("note").trim();
      await command("give_review", { case_id: item.case_id, ok: name === "fine", note });
      toast(t("review.toast", { finding: t(`review.done.${name}`), title: title(item) }), "good");
      close();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const actions = html`<${Button} onClick=${close}>${t("ui.cancel")}<//>
    <${Button} type="submit" form="finding" kind="primary" icon=${busy ? "loader-circle" : KINDS[name][1]} disabled=${busy || blocked !== ""}>
      ${t(`review.go.${name}`)}
    <//>`;
  return html`<${Dialog} open title=${t(`review.${name}_title`)} onClose=${close} actions=${actions}>
    <form id="finding" ref=${form} class="stack" onSubmit=${submit}>
      <p><strong>${title(item)}</strong> · ${item.outlet} · ${item.operator}<br />${t(`review.${name}_note`)}</p>
      ${name === "fine" && html`<${Warnings} file=${file} />`}
      <${Field} label=${t(`review.note.${name}`)} hint=${t("review.note_hint", { n: NOTE_CHARS_MAX })} error=${problem} required=${name === "wrong"}>
        <textarea name="note" rows="3" maxlength=${NOTE_CHARS_MAX} required=${name === "wrong"} autofocus></textarea>
      <//>
    </form>
  <//>`;
}
