/* ui.js: the parts that every page is built from, in one visual language (tokens.css, base.css).
 *
 * How to use it:
 *   import { html, mount, Button, Badge, Dialog, Toasts, toast, Field, Stepper, Icon } from "backpack/ui";
 *   mount(html`<${App} />`);                                     // draws into <main id="page">
 *   <${Button} kind="primary" icon="send" onClick=${submit}>${t("submit")}<//>   // kind: primary | plain | quiet | danger
 *   <${Badge} state="wait">等待授权<//>                           // state: good | wait | bad | info | idle
 *   <${Icon} name="wifi" label="在线" />                          // an icon without a word needs a label
 *   <${Field} label="手机号" hint="11 位" error=${text} required><input .../><//>
 *   <${Stepper} steps=${["读证","拍照"]} current=${1} />
 *   <${Dialog} open=${flag} title="确认" onClose=${close} actions=${html`...`}>…<//>
 *   <${Toasts} />  once per page;  toast("已保存", "good");  toastError(error) for what `command` rejects with
 *   onKeyDown=${(event) => isKey(event, "Enter") && save()}      // the one way to ask for a key
 *   <${Elapsed} since=${unixMs} />  counts up by itself;  <${LinkBadge} />, <${LangButton} />, <${ThemeButton} />
 *
 * An async `onClick` makes a Button busy, and deaf to a second press, until it settles; what it
 * rejects with is shown as a toast. A state is always colour plus icon plus word. htm wants every
 * tag closed (`</td>`, `<br />`), and closes a component with `<//>`.
 */
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { link } from "backpack/connection";
import { elapsed, errorText, t, toggleLang } from "backpack/i18n";

export { html };

/** Draw a tree into the page. */
export function mount(tree) {
  render(tree, document.getElementById("page"));
}

/** One icon of the vendored set, by its lucide name; drawn in the colour of the text beside it. */
export function Icon({ name, label = "", size = "" }) {
  const spoken = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg class=${`icon ${size}`} ...${spoken}><use href=${`/shared/icons.svg#${name}`} /></svg>`;
}

/** A press of at least 48 px. `icon` goes before the words; `label` names a button that has none. */
export function Button({ kind = "plain", icon, label, disabled = false, onClick, type = "button", class: extra = "", children, ...rest }) {
  const [busy, setBusy] = useState(false);
  const press = async (event) => {
    if (busy) return;
    try {
      const work = onClick?.(event);
      if (!(work instanceof Promise)) return;
      setBusy(true);
      await work;
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return html`<button
    type=${type}
    class=${`button ${kind} ${children ? "" : "only-icon"} ${extra}`}
    disabled=${disabled || busy}
    aria-busy=${busy ? "true" : null}
    aria-label=${label ?? null}
    title=${label ?? null}
    onClick=${press}
    ...${rest}
  >
    ${busy ? html`<${Icon} name="loader-circle" size="turning" />` : icon && html`<${Icon} name=${icon} />`}
    ${children && html`<span>${children}</span>`}
  </button>`;
}

/** Whether a key was pressed for the page; while an input method composes, its keys are its own. */
export function isKey(event, ...keys) {
  const composing = event.isComposing || event.keyCode === COMPOSING;
  return !composing && keys.includes(event.key);
}

/** What browsers report as `keyCode` of any key that an input method takes. */
const COMPOSING = 229;

const STATE_ICONS = {
  good: "circle-check",
  wait: "clock",
  bad: "circle-x",
  info: "info",
  idle: "minus",
};

/** A state as colour, icon and word. Without children the word is the state's own name. */
export function Badge({ state, icon, children }) {
  return html`<span class=${`badge ${state}`}>
    <${Icon} name=${icon ?? STATE_ICONS[state]} />
    <span>${children ?? t(`state.${state}`)}</span>
  </span>`;
}

/** A modal sheet. Escape and the close button call `onClose`; focus returns to where it was. */
export function Dialog({ open, title, onClose, actions, wide = false, children }) {
  const element = useRef(null);
  useEffect(() => {
    if (open && !element.current.open) element.current.showModal();
    if (!open && element.current.open) element.current.close();
  }, [open]);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} class=${`sheet ${wide ? "wide" : ""}`} aria-label=${title} onCancel=${cancel}>
    ${open &&
    html`<header>
        <h2>${title}</h2>
        <${Button} kind="quiet" icon="x" label=${t("ui.close")} onClick=${onClose} />
      </header>
      <div class="sheet-body">${children}</div>
      ${actions && html`<footer>${actions}</footer>`}`}
  </dialog>`;
}

const TOASTS_MAX = 4;
const TOAST_SHOWN_MS = 6_000;
const toasts = signal([]);
let lastToast = 0;

/** Say something in passing. A "bad" one stays until it is closed. */
export function toast(text, state = "info") {
  lastToast += 1;
  const id = lastToast;
  toasts.value = [...toasts.value, { id, text, state }].slice(-TOASTS_MAX);
  if (state !== "bad") setTimeout(() => closeToast(id), TOAST_SHOWN_MS);
}

/** Show what a command or an upload rejected with. */
export function toastError(error) {
  toast(errorText(error), error.refusal?.retryable ? "wait" : "bad");
  if (!error.refusal && error.name !== "OutcomeUnknown" && error.name !== "NotSent") console.error(error);
}

function closeToast(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** Where toasts appear; put it once at the end of the page. */
export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, text, state }) => html`<div key=${id} class=${`toast ${state}`}>
        <${Icon} name=${STATE_ICONS[state]} label=${t(`state.${state}`)} />
        <p>${text}</p>
        <${Button} kind="quiet" icon="x" label=${t("ui.close")} onClick=${() => closeToast(id)} />
      </div>`,
    )}
  </div>`;
}

/** A labelled control with its hint and its error; the control is the child. */
export function Field({ label, hint, error, required = false, children }) {
  return html`<label class=${`field ${error ? "wrong" : ""}`}>
    <span class="field-label">${label}${required && html`<em title=${t("ui.required")}>*</em>`}</span>
    ${children}
    ${hint && !error && html`<small>${hint}</small>`}
    ${error && html`<small class="error" role="alert"><${Icon} name="circle-alert" />${error}</small>`}
  </label>`;
}

/** Where a business stands among its steps: done ones ticked, the current one marked. Steps for which
 * `canPick(index)` holds can be pressed to look at; `shown` is the one being looked at. */
export function Stepper({ steps, current, shown = current, canPick = () => false, onPick }) {
  const stands = (index) => (index < current ? "done" : index === current ? "current" : "ahead");
  const inside = (name, index) => html`<span class="mark">
      ${index < current ? html`<${Icon} name="check" label=${t("ui.done")} />` : index + 1}
    </span>
    <span class="name">${name}</span>`;
  return html`<ol class="stepper">
    ${steps.map(
      (name, index) => html`<li
        key=${index}
        class=${`${stands(index)} ${index === shown ? "shown" : ""}`}
        aria-current=${index === current ? "step" : null}
      >
        ${canPick(index)
          ? html`<button type="button" onClick=${() => onPick(index)}>${inside(name, index)}</button>`
          : inside(name, index)}
      </li>`,
    )}
  </ol>`;
}

/** Time since `since` (unix ms), counting by itself; `until` (unix ms) stops it. */
export function Elapsed({ since, until = null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (until !== null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return html`<time class="elapsed">${elapsed((until ?? now) - since)}</time>`;
}

const LINK_STATES = { connecting: "wait", online: "good", offline: "bad", refused: "bad" };

/** How the page's own link to its program stands. */
export function LinkBadge() {
  const icon = link.value === "online" ? "wifi" : "wifi-off";
  return html`<${Badge} state=${LINK_STATES[link.value]} icon=${icon}>${t(`link.${link.value}`)}<//>`;
}

/** Chinese or English. */
export function LangButton() {
  return html`<${Button} kind="quiet" icon="languages" onClick=${toggleLang}>${t("ui.language")}<//>`;
}

const THEME_REMEMBERED_AS = "backpack-theme";
const theme = localStorage.getItem(THEME_REMEMBERED_AS);
if (theme) document.documentElement.dataset.theme = theme;

/** Light or dark; the system decides until somebody presses it. */
export function ThemeButton() {
  const press = () => {
    const root = document.documentElement;
    const systemIsDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme ?? (systemIsDark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    localStorage.setItem(THEME_REMEMBERED_AS, root.dataset.theme);
  };
  return html`<${Button} kind="quiet" icon="moon" label=${t("ui.theme")} onClick=${press} />`;
}
