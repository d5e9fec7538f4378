/* i18n.js: what people read: Simplified Chinese first, English on a toggle.
 *
 * How to use it:
 *   import { defineTexts, t, pick, lang, toggleLang, money, dateTime, elapsed } from "backpack/i18n";
 *   defineTexts({ submit: ["送审", "Submit"], queued: ["待上传 {n} 件", "{n} to upload"] });   // once per page
 *   t("submit"), t("queued", { n: 3 })
 *   pick({ zh: "借记卡发卡", en: "Debit card" })  // a text that came with both languages from the program
 *   money(123456) -> "¥1,234.56"                  // integer fen in, never a float of yuan
 *   number(1234, 1) -> "1,234.0", percent(0.125) -> "12.5%", monthDay("2026-11-23") -> "11/23"
 *   dateTime(unixMs), timeOfDay(unixMs), hourMinute(unixMs), elapsed(milliseconds) -> "1:05"
 *   refusalText(refusal)                          // the program's own sentence, or the code's in English
 *
 * All of them read the signal `lang`, so a component that calls them is drawn again on a toggle.
 * An unknown msgid shows as itself in brackets: seen at once, and harmless.
 */
import { computed, effect, signal } from "@preact/signals";

const REMEMBERED_AS = "backpack-lang";
const LOCALES = { zh: "zh-CN", en: "en-GB" };

/** "zh" or "en". */
export const lang = signal(localStorage.getItem(REMEMBERED_AS) === "en" ? "en" : "zh");
const locale = computed(() => LOCALES[lang.value]);

effect(() => {
  document.documentElement.lang = locale.value;
  localStorage.setItem(REMEMBERED_AS, lang.value);
});

/** Show the other language. */
export function toggleLang() {
  lang.value = lang.value === "zh" ? "en" : "zh";
}

const texts = {
  "link.connecting": ["正在连接", "Connecting"],
  "link.online": ["已连接", "Connected"],
  "link.offline": ["已断开，正在重连", "Disconnected, retrying"],
  "link.refused": ["此窗口尚未打开", "Not let in"],
  "ui.language": ["English", "中文"],
  "ui.theme": ["深浅色", "Light or dark"],
  "ui.close": ["关闭", "Close"],
  "ui.cancel": ["取消", "Cancel"],
  "ui.confirm": ["确认", "Confirm"],
  "ui.required": ["必填", "Required"],
  "ui.done": ["已完成", "Done"],
  "ui.current": ["当前步骤", "Current step"],
  "state.good": ["正常", "Good"],
  "state.wait": ["等待", "Waiting"],
  "state.bad": ["异常", "Failed"],
  "state.info": ["提示", "Note"],
  "state.idle": ["空闲", "Idle"],
  "error.unknown": ["没有收到回复，结果未知；请以最新状态为准", "No answer: the outcome is unknown. Trust the latest state"],
  "error.not_sent": ["连接已断开，操作未发送", "Disconnected: nothing was sent"],
  "error.other": ["页面出错，请重试", "Something went wrong on this page, try again"],
};

/* The refusal's own message is Chinese; these say the same class of reason in English. */
const REFUSALS_EN = {
  E_FORMAT: "Not filled in correctly",
  E_CHECKSUM: "The number does not check",
  E_RANGE: "Outside the allowed range",
  E_ID_EXPIRED: "The identity card has expired",
  E_ID_MISMATCH: "The identity does not match",
  E_EVIDENCE: "A required photo or document is missing",
  E_IMAGE_QUALITY: "The photo is not good enough",
  E_LIMIT: "Over the limit",
  E_SUITABILITY: "Not suitable for this customer",
  E_POSTURE: "This device is not in a permitted state",
  E_SELF_AUTH: "Nobody may authorize their own case",
  E_STALE: "The case has changed meanwhile",
  E_KEY_CONFLICT: "The same request was sent with other content",
  E_STATE: "Not possible in this state",
  E_DUPLICATE: "Already done",
  E_PIN: "Wrong PIN",
  E_CORE_DECLINED: "Declined by core banking",
  E_CORE_UNKNOWN: "Core banking has not answered yet",
  E_UNSUPPORTED_DOC: "This document is not supported",
  E_FORBIDDEN: "Not allowed for this role",
  E_BUSY: "Busy, try again shortly",
  E_NOT_FOUND: "Not found",
};

/** Add a page's texts: msgid -> [Chinese, English]. */
export function defineTexts(table) {
  Object.assign(texts, table);
}

/** The text of a msgid, with `{name}` replaced from `values`. */
export function t(msgid, values = {}) {
  const pair = texts[msgid];
  if (pair === undefined) return `[${msgid}]`;
  const text = pair[lang.value === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The current language of a text that carries both: {zh, en}. */
export function pick(text) {
  if (text === null || text === undefined) return "";
  if (typeof text === "string") return text;
  return lang.value === "zh" ? text.zh : text.en || text.zh;
}

/** What to show for a refusal. */
export function refusalText(refusal) {
  if (lang.value === "zh") return refusal.message;
  return REFUSALS_EN[refusal.code] ?? refusal.message;
}

/** What to show for anything that `command` or `upload` rejects with. */
export function errorText(error) {
  if (error.refusal) return refusalText(error.refusal);
  if (error.name === "OutcomeUnknown") return t("error.unknown");
  if (error.name === "NotSent") return t("error.not_sent");
  return t("error.other");
}

/** Integer fen as a sum of money: 123456 -> ¥1,234.56. */
export function money(fen) {
  const format = new Intl.NumberFormat(locale.value, { style: "currency", currency: "CNY" });
  const sign = fen < 0 ? "-" : "";
  const whole = Math.abs(fen);
  const cents = String(whole % 100).padStart(2, "0");
  return format.format(`${sign}${Math.floor(whole / 100)}.${cents}`);
}

/** A count with the locale's grouping; with exactly `digits` decimals where they are asked for. */
export function number(value, digits = undefined) {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale.value, format).format(value);
}

/** A share of one as a percentage: 0.125 -> 12.5%. */
export function percent(share) {
  const format = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale.value, format).format(share);
}

/** A civil date, "2026-11-23", as month and day, with the day of the week where it is asked for. */
export function monthDay(day, { weekday = undefined } = {}) {
  const format = { month: "numeric", day: "numeric", weekday, timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale.value, format).format(new Date(`${day}T00:00:00Z`));
}

/** Unix milliseconds as date and time of day. */
export function dateTime(unixMs) {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short" }).format(unixMs);
}

/** Unix milliseconds as month and day in words: 11月25日. */
export function dayOf(unixMs) {
  return new Intl.DateTimeFormat(locale.value, { month: "short", day: "numeric" }).format(unixMs);
}

/** Unix milliseconds as time of day with seconds. */
export function timeOfDay(unixMs) {
  return new Intl.DateTimeFormat(locale.value, { timeStyle: "medium" }).format(unixMs);
}

/** Unix milliseconds as hour and minute. */
export function hourMinute(unixMs) {
  return new Intl.DateTimeFormat(locale.value, { timeStyle: "short" }).format(unixMs);
}

/** A span of milliseconds as m:ss, or h:mm:ss from one hour up. */
export function elapsed(spanMs) {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
