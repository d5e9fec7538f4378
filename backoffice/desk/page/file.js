/* file.js: the middle pane: the open case's head, its images, and the tools to look at them.
 */
import { useLayoutEffect } from "preact/hooks";
import { command, imageUrl } from "backpack/connection";
import { elapsed, t } from "backpack/i18n";
import { Badge, Button, Icon, html, toastError } from "backpack/ui";
import { StateBadge } from "/shared/case_words.js";
import { now } from "/shared/clock.js";
import { active, choose, looked, panes, reset, rotate, seen, shift, side, toggleSide, zoom } from "./images.js";
import { flagWord, title } from "./queue.js";

const LEASE_SOON_MS = 60_000;

export function NoFile() {
  return html`<section class="no-file">
    <${Icon} name="inbox" size="large" />
    <h2>${t("file.none")}</h2>
    <p>${t("file.none_note")}</p>
  </section>`;
}

export function File({ file, live }) {
  useLayoutEffect(reset, []);
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
    <section class="images" aria-label=${t("images.title")}>
      <${Tools} count=${file.images.length} />
      <div class=${`viewers ${side.value ? "viewers-two" : ""}`}>
        ${(side.value ? [0, 1] : [0]).map((at) => html`<${Viewer} key=${at} at=${at} images=${file.images} />`)}
      </div>
      <${Strip} images=${file.images} />
    </section>`;
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
  const ask = () => command("ask_live").catch(toastError);
  return html`${word === "given" && html`<${Badge} state="good" icon="camera">${t("live.given")}<//>`}
    <${Button} kind="quiet" icon="camera" disabled=${!live || file.lost} onClick=${ask}>${t(word === "given" ? "live.again" : "live.ask")}<//>`;
}

function Lost({ file, live }) {
  const again = () => command("claim", { case_id: file.item.case_id });
  return html`<div class="notice bad" role="alert">
    <${Icon} name="lock" />
    <div><strong>${t("file.lost")}</strong> <span>${t("file.lost_note")}</span></div>
    <${Button} icon="refresh-cw" disabled=${!live} onClick=${again}>${t("file.claim_again")}<//>
  </div>`;
}

function Tools({ count }) {
  const tool = (icon, text, key, act) => html`<button type="button" class="tool" title=${`${t(text)} (${key})`} aria-label=${t(text)} onClick=${act} disabled=${count === 0}>
    <${Icon} name=${icon} /><kbd>${key}</kbd>
  </button>`;
  return html`<div class="tools">
    ${tool("zoom-in", "images.zoom_in", "+", () => zoom(1))} ${tool("zoom-out", "images.zoom_out", "-", () => zoom(-1))}
    ${tool("scan-line", "images.fit", "0", () => zoom(0))} ${tool("rotate-cw", "images.rotate", "]", () => rotate(90))}
    <button type="button" class="tool" aria-pressed=${side.value} disabled=${count < 2} onClick=${toggleSide}>
      <${Icon} name="columns-2" />${t("images.side")}<kbd>s</kbd>
    </button>
  </div>`;
}

function Viewer({ at, images }) {
  const pane = panes.value[at];
  const image = images[pane.index];
  if (image === undefined) return html`<div class="viewer viewer-none">${t("images.none")}</div>`;
  const take = () => {
    active.value = at;
  };
  const wheel = (event) => {
    event.preventDefault();
    take();
    zoom(event.deltaY < 0 ? 1 : -1);
  };
  const drag = (event) => {
    if (event.buttons !== 1) return;
    shift(event.movementX, event.movementY);
  };
  const transform = `translate(${pane.x}px, ${pane.y}px) rotate(${pane.turn}deg) scale(${pane.zoom})`;
  return html`<figure
    class=${`viewer ${side.value && active.value === at ? "viewer-active" : ""}`}
    onPointerDown=${take}
    onPointerMove=${drag}
    onWheel=${wheel}
    onDblClick=${() => zoom(pane.zoom > 1 ? 0 : 3)}
  >
    ${image.loaded === 100
      ? html`<img src=${imageUrl(image.digest)} alt=${title(image)} onLoad=${() => looked(image.digest)} draggable=${false} style=${{ transform }} />`
      : html`<span class="viewer-loading"><${Icon} name="loader-circle" size="large turning" />${t("images.loading", { n: image.loaded })}</span>`}
    <figcaption>${title(image)} · ${image.evidence}${pane.zoom > 1 ? ` · ${Math.round(pane.zoom * 100)}%` : ""}</figcaption>
  </figure>`;
}

function Strip({ images }) {
  return html`<div class="strip">
    ${images.map((image, index) => {
      const looked = seen.value.has(image.digest);
      return html`<button
        key=${image.digest}
        type="button"
        class="thumb"
        aria-pressed=${panes.value[active.value].index === index}
        onClick=${() => choose(index)}
      >
        ${image.loaded === 100
          ? html`<img src=${imageUrl(image.digest)} alt="" />`
          : html`<span class="thumb-wait"><progress max="100" value=${image.loaded}></progress></span>`}
        <span class="thumb-name"><kbd>${index + 1}</kbd>${title(image)}</span>
        <small class=${looked ? "thumb-seen" : "thumb-unseen"}><${Icon} name=${looked ? "check" : "eye"} />${t(looked ? "images.seen" : "images.unseen")}</small>
      </button>`;
    })}
  </div>`;
}
