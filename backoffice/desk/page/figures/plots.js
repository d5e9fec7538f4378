/* plots.js: the days of the view drawn: how many cases ended how, and how long they waited.
 *
 * Each plot has a legend of its own in which every series is a colour, an icon and a word, with the
 * numbers of the day under the pointer or of the whole view. Colours are read from tokens.css at each
 * drawing, because a canvas does not follow the theme by itself.
 */
import uPlot from "uplot";
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { lang, monthDay, number, t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import { minutes } from "./headline.js";

const HEIGHT_PX = 208;
const AXIS_PX = 44;
const AXIS_BELOW_PX = 28;
const BAR_PX_MAX = 40;
const INCREMENTS = [1, 2, 7, 14, 28];

/* From the ground up: each bar is split into these. */
const ENDS = [
  { name: "closed", ink: "--good", ground: "--good-soft", icon: "circle-check", of: (row) => row.closed },
  { name: "open", ink: "--info", ground: "--info-soft", icon: "clock", of: (row) => row.cases - row.closed - row.rejected - row.failed },
  { name: "rejected", ink: "--bad", ground: "--bad-soft", icon: "ban", of: (row) => row.rejected },
  { name: "failed", ink: "--idle", ground: "--idle-soft", icon: "x", of: (row) => row.failed },
];
const RETURNED = { name: "returned", ink: "--wait", icon: "undo-2", of: (row) => row.returned, line: true };
const WAITED = { name: "waited", ink: "--accent", icon: "clock", of: (row) => (row.waiting_s === null ? null : row.waiting_s / 60), line: true };

/* Counts up whenever light becomes dark or back. */
const theme = signal(0);
const again = () => {
  theme.value += 1;
};
new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

/** Cases per day, split by how they ended; the line counts those that were sent back. */
export function CasesPlot({ figures }) {
  const stacked = ENDS.map((_, at) => figures.days.map((row) => sum(ENDS.slice(0, at + 1), row)));
  const bars = ENDS.map((end, at) => ({ ...end, values: stacked[at] })).reverse();
  const line = { ...RETURNED, values: figures.days.map(RETURNED.of) };
  const shown = (row) => [...ENDS, RETURNED].map((one) => [one, number(one.of(row))]);
  return html`<${Plot} title=${t("plot.cases")} figures=${figures} drawn=${[...bars, line]} shown=${shown} />`;
}

/** Median waiting per day, in minutes. */
export function WaitingPlot({ figures }) {
  const drawn = [{ ...WAITED, values: figures.days.map(WAITED.of) }];
  const shown = (row) => [[WAITED, minutes(row.waiting_s)]];
  return html`<${Plot} title=${t("plot.waiting")} figures=${figures} drawn=${drawn} shown=${shown} />`;
}

function sum(ends, row) {
  return ends.reduce((all, end) => all + end.of(row), 0);
}

function Plot({ title, figures, drawn, shown }) {
  const box = useRef(null);
  const [at, point] = useState(null);
  const row = (at === null ? null : figures.days[at]) ?? figures.total;
  useLayoutEffect(() => {
    const options = optionsOf(figures.days, drawn, box.current, point);
    const data = [figures.days.map((_, index) => index), ...drawn.map((series) => series.values)];
    const plot = new uPlot(options, data, box.current);
    const fit = new ResizeObserver(() => plot.setSize({ width: box.current.clientWidth, height: HEIGHT_PX }));
    fit.observe(box.current);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [figures.made_ms, figures.first, figures.last, figures.outlet, figures.product, lang.value, theme.value]);
  return html`<figure class="plot">
    <figcaption>
      <h2>${title}</h2>
      <small>${row === figures.total ? t("plot.total") : monthDay(row.key)}</small>
      <ul class="legend">
        ${shown(row).map(
          ([series, value]) => html`<li key=${series.name}>
            <span class=${`swatch swatch-${series.name} ${series.line ? "swatch-line" : ""}`}></span>
            <${Icon} name=${series.icon} />${t(`plot.${series.name}`)} <strong>${value}</strong>
          </li>`,
        )}
      </ul>
    </figcaption>
    <div ref=${box} class="plot-box" role="img" aria-label=${title}></div>
  </figure>`;
}

/** uPlot's options: days as whole numbers from 0, so that no time zone moves a bar. */
function optionsOf(days, drawn, box, point) {
  const ink = inkOf(box);
  const axis = { stroke: ink("--ink-soft"), font: `12px ${getComputedStyle(box).fontFamily}`, ticks: { show: false } };
  const grid = { stroke: ink("--line"), width: 1 };
  return {
    width: box.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
    scales: {
      x: { time: false, range: [-0.5, days.length - 0.5] },
      y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, 1) * 1.1] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: AXIS_BELOW_PX, incrs: INCREMENTS, space: AXIS_PX, values: (_plot, splits) => splits.map((index) => (days[index] ? monthDay(days[index].key) : "")) },
      { ...axis, grid, size: AXIS_PX, values: (_plot, splits) => splits.map((value) => (Number.isInteger(value) || splits[1] < 1 ? number(value) : "")) },
    ],
    series: [{}, ...drawn.map((series) => (series.line ? lineOf(series, ink) : barOf(series, ink)))],
    hooks: { setCursor: [(plot) => point(plot.cursor.left >= 0 ? plot.cursor.idx : null)] },
  };
}

function barOf(series, ink) {
  return { stroke: ink(series.ink), fill: ink(series.ground), width: 1, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, BAR_PX_MAX] }) };
}

function lineOf(series, ink) {
  const colour = ink(series.ink);
  return { stroke: colour, width: 2, points: { show: true, size: 7, fill: ink("--surface"), stroke: colour, width: 2 } };
}

/** Reads what a custom property is here and now, as a colour that a canvas understands. */
function inkOf(box) {
  const probe = box.appendChild(document.createElement("span"));
  const inks = {};
  for (const name of ["--ink-soft", "--line", "--surface", ...[...ENDS, RETURNED, WAITED].flatMap((one) => [one.ink, one.ground ?? one.ink])]) {
    probe.style.color = `var(${name})`;
    inks[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return (name) => inks[name];
}
