/* viewer.js: the images of the case on the screen, one or two at a time, and the tools to look at them.
 */
import { useLayoutEffect } from "preact/hooks";
import { t } from "backpack/i18n";
import { Picture } from "backpack/picture";
import { Icon, html } from "backpack/ui";
import { active, choose, count, looked, panes, reset, rotate, seen, shift, side, toggleSide, zoom } from "./images.js";
import { title } from "./titles.js";

/** Begins anew with every case: give it a key. */
export function Images({ images }) {
  useLayoutEffect(reset, []);
  useLayoutEffect(() => {
    count.value = images.length;
  }, [images.length]);
  return html`<section class="images" aria-label=${t("images.title")}>
    <${Tools} count=${images.length} />
    <div class=${`viewers ${side.value ? "viewers-two" : ""}`}>
      ${(side.value ? [0, 1] : [0]).map((at) => html`<${Viewer} key=${at} at=${at} images=${images} />`)}
    </div>
    <${Strip} images=${images} />
  </section>`;
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
      ? html`<${Picture} digest=${image.digest} alt=${title(image)} onLoad=${() => looked(image.digest)} draggable=${false} style=${{ transform }} />`
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
          ? html`<${Picture} digest=${image.digest} alt="" />`
          : html`<span class="thumb-wait"><progress max="100" value=${image.loaded}></progress></span>`}
        <span class="thumb-name"><kbd>${index + 1}</kbd>${title(image)}</span>
        <small class=${looked ? "thumb-seen" : "thumb-unseen"}><${Icon} name=${looked ? "check" : "eye"} />${t(looked ? "images.seen" : "images.unseen")}</small>
      </button>`;
    })}
  </div>`;
}
