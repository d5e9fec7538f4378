/* file.js: the head of the open case: what it is, how long it is held, what is asked of the customer.
 */
import { command } from "backpack/connection";
import { elapsed, t } from "backpack/i18n";
import { Badge, Button, Icon, html, toastError } from "backpack/ui";
import { StateBadge } from "/shared/case_words.js";
import { now } from "/shared/clock.js";
import { claim, flagWord } from "./queue.js";
import { title } from "./titles.js";
import { Images } from "./viewer.js";

const LEASE_SOON_MS = 60_000;

export function NoFile() {
  return html`<section class="no-file">
    <${Icon} name="inbox" size="large" />
    <h2>${t("file.none")}</h2>
    <p>${t("file.none_note")}</p>
  </section>`;
}

export function File({ file, live }) {
  const { item } = file;
  return html`<div class="file-head">
      <h1>${title(item)}</h1>
      <span class="level" title=${t(`level.${item.level}`)}>${item.level} ${t(`level.${item.level}`)}</span>
      <${StateBadge} state=${file.state} />
      ${item.flags.map((flag) => html`<${Badge} key=${flag} state="wait" icon="triangle-alert">${flagWord(flag)}<//>`)}
      <span class="spread"></span>
      <${LivePhoto} file=${file} live=${live} />
      <${Lease} file=${file} />
      <small>${item.outlet} · ${item.operator} · …${item.case_id.slice(-12)} · ${t("file.version", { n: file.version })}</small>
    </div>
    ${file.lost && html`<${Lost} file=${file} live=${live} />`}
    ${!file.lost && item.level === "A4" && html`<p class="notice info"><${Icon} name="users" />${t("file.two")}</p>`}
    <${Images} images=${file.images} />`;
}

function Lease({ file }) {
  if (file.lost) return html`<${Badge} state="bad" icon="lock">${t("file.lease_over")}<//>`;
  const leftMs = file.lease_until_ms - now.value;
  if (leftMs <= 0) return html`<${Badge} state="bad" icon="lock">${t("file.lease_over")}<//>`;
  const tone = leftMs < LEASE_SOON_MS ? "wait" : "info";
  return html`<${Badge} state=${tone} icon="lock">${t("file.lease", { time: elapsed(leftMs) })}<//>`;
}

/** The customer, photographed now: ask, wait, and see that it is there. */
function LivePhoto({ file, live }) {
  const word = file.item.live_photo;
  if (word === "asked") return html`<${Badge} state="wait" icon="camera">${t("live.asked")}<//>`;
  const ask = () => command("ask_live", { case_id: file.item.case_id }).catch(toastError);
  return html`${word === "given" && html`<${Badge} state="good" icon="camera">${t("live.given")}<//>`}
    <${Button} kind="quiet" icon="camera" disabled=${!live || file.lost} onClick=${ask}>${t(word === "given" ? "live.again" : "live.ask")}<//>`;
}

function Lost({ file, live }) {
  const again = () => claim(file.item.case_id);
  return html`<div class="notice bad" role="alert">
    <${Icon} name="lock" />
    <div><strong>${t("file.lost")}</strong> <span>${t("file.lost_note")}</span></div>
    <${Button} icon="refresh-cw" disabled=${!live} onClick=${again}>${t("file.claim_again")}<//>
  </div>`;
}
