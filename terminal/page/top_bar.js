/* top_bar.js: who works where, the link to the office, what waits to be sent, and the kit.
 *
 * A state is always colour, icon and word. A peripheral that is not ready is marked on its own
 * button; a tap on any of them opens the sheet with every device, its battery and its last error.
 */
import { useState } from "preact/hooks";
import { command, link } from "backpack/connection";
import { elapsed, t } from "backpack/i18n";
import { Badge, Button, Dialog, Icon, LangButton, ThemeButton, html } from "backpack/ui";
import { now } from "/shared/clock.js";

const UPLINK = {
  online: ["good", "wifi"],
  connecting: ["info", "refresh-cw"],
  offline: ["wait", "wifi-off"],
};
const DEVICE_ICONS = {
  id_reader: "id-card",
  card_reader: "credit-card",
  pin_pad: "keyboard",
  camera: "camera",
  signature: "pen-line",
  printer: "receipt",
  microphone: "mic",
};
const DEVICE_STATES = {
  ready: ["good", "circle-check"],
  busy: ["info", "loader-circle"],
  absent: ["idle", "minus"],
  fault: ["bad", "circle-x"],
};

export function TopBar({ terminal }) {
  const [tone, icon] = UPLINK[terminal.link];
  const waiting = terminal.waiting_to_send;
  return html`<header class="top">
    <div class="who">
      <img src="/shared/favicon.svg" alt="" width="40" height="40" />
      <div>
        <strong>${terminal.staff.name}</strong>
        <small>${terminal.outlet}</small>
      </div>
    </div>
    <div class="uplink">
      <${Badge} state=${tone} icon=${icon}>${t(`uplink.${terminal.link}`)}<//>
      ${waiting > 0
        ? html`<${Badge} state="wait" icon="upload">${t("uplink.to_send", { n: waiting })}<//>`
        : html`<${Badge} state="idle" icon="check">${t("uplink.all_sent")}<//>`}
    </div>
    <${Kit} peripherals=${terminal.peripherals} />
    <div class="top-tools"><${LangButton} /><${ThemeButton} /><${SignOut} /></div>
  </header>`;
}

function Kit({ peripherals }) {
  const [open, setOpen] = useState(false);
  return html`<div class="kit">
    ${peripherals.map((device) => {
      const [tone, mark] = DEVICE_STATES[device.state];
      const spoken = `${t(`device.long.${device.name}`)}：${t(`device.${device.state}`)}`;
      return html`<button
        key=${device.name}
        type="button"
        class=${`device device-${tone}`}
        aria-label=${spoken}
        title=${spoken}
        onClick=${() => setOpen(true)}
      >
        <span class="device-icons">
          <${Icon} name=${DEVICE_ICONS[device.name]} />
          <span class=${`device-mark ${tone}`}><${Icon} name=${mark} /></span>
        </span>
        <span>${shortWord(device)}</span>
      </button>`;
    })}
    <${Dialog} open=${open} title=${t("device.title")} onClose=${() => setOpen(false)}>
      <ul class="device-list">
        ${peripherals.map((device) => {
          const [tone, mark] = DEVICE_STATES[device.state];
          return html`<li key=${device.name}>
            <${Icon} name=${DEVICE_ICONS[device.name]} />
            <div>
              <strong>${t(`device.long.${device.name}`)}</strong>
              <small>${device.last_error || t("device.no_error")}</small>
            </div>
            ${device.battery !== null &&
            html`<span class="battery"><${Icon} name="battery-medium" />${t("device.battery", { n: device.battery })}</span>`}
            <${Badge} state=${tone} icon=${mark}>${t(`device.${device.state}`)}<//>
          </li>`;
        })}
      </ul>
    <//>
  </div>`;
}

function shortWord(device) {
  const name = t(`device.${device.name}`);
  return device.state === "ready" ? name : t("device.and_state", { name, state: t(`device.${device.state}`) });
}

function SignOut() {
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  const go = async () => {
    await command("sign_out");
    close();
  };
  return html`<${Button} kind="quiet" icon="user" label=${t("teller.sign_out")} onClick=${() => setAsking(true)} />
    <${Dialog}
      open=${asking}
      title=${t("teller.sign_out_ask")}
      onClose=${close}
      actions=${html`<${Button} onClick=${close}>${t("ui.cancel")}<//><${Button} kind="primary" onClick=${go}>${t("teller.sign_out")}<//>`}
    >
      <p>${t("teller.sign_out_note")}</p>
    <//>`;
}

/** What limits the work right now: this page's own link first, then the link to the office. */
export function Banners({ terminal }) {
  if (link.value !== "online") return html`<${Banner} tone="bad" icon="wifi-off">${t("banner.page")}<//>`;
  if (terminal.link !== "offline") return null;
  const time = elapsed(now.value - terminal.link_since_ms);
  return html`<${Banner} tone="wait" icon="wifi-off">${t("banner.offline", { time })}<//>`;
}

/** The same while a customer signs: always there and always as high, so that the glass under their
 * hand never moves. */
export function SigningLine({ terminal }) {
  const words = {
    refused: ["bad", "circle-x", "banner.refused"],
    page: ["bad", "wifi-off", "banner.page"],
    online: ["info", "wifi", "banner.sign_online"],
    connecting: ["wait", "wifi-off", "banner.sign_offline"],
    offline: ["wait", "wifi-off", "banner.sign_offline"],
  };
  const now = link.value === "online" ? terminal.link : link.value === "refused" ? "refused" : "page";
  const [tone, icon, word] = words[now];
  return html`<p class=${`banner banner-steady ${tone}`} role="status"><${Icon} name=${icon} /><span>${t(word)}</span></p>`;
}

function Banner({ tone, icon, children }) {
  return html`<p class=${`banner ${tone}`} role="status"><${Icon} name=${icon} /><span>${children}</span></p>`;
}
