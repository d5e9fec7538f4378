/* signature.js: the pad on the glass: signature_pad draws, this turns its strokes into the wire's points.
 *
 * How to use it:
 *   const pad = useRef(null);
 *   html`<${Signature} pad=${pad} onInk=${(any) => …} />`
 *   pad.current.ink()    // {width, height, strokes}: strokes of [t_ms, x, y, pressure], whole numbers
 *   pad.current.undo(), pad.current.clear()
 *
 * A long signature is thinned evenly, because one message of a page is bounded.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import SignaturePad from "signature_pad";

const POINTS_MAX = 2_000;
const PRESSURE_MAX = 1_000;
const NO_PRESSURE = 500;

export function Signature({ pad, onInk }) {
  const canvas = useRef(null);
  const [inked, setInked] = useState(false);
  useEffect(() => {
    const element = canvas.current;
    const style = getComputedStyle(element);
    const drawing = new SignaturePad(element, {
      penColor: style.getPropertyValue("--pen").trim(),
      backgroundColor: style.getPropertyValue("--paper").trim(),
      minWidth: 1.2,
      maxWidth: 3.6,
      minDistance: 2,
    });
    const changed = () => {
      setInked(!drawing.isEmpty());
      onInk(!drawing.isEmpty());
    };
    const redraw = (strokes) => {
      fit(element, drawing);
      if (strokes.length > 0) drawing.fromData(strokes);
      changed();
    };
    pad.current = {
      ink: () => ink(element, drawing.toData()),
      undo: () => redraw(drawing.toData().slice(0, -1)),
      clear: () => redraw([]),
    };
    drawing.addEventListener("endStroke", changed);
    const sizes = new ResizeObserver(() => redraw(drawing.toData()));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      drawing.off();
    };
  }, []);
  return html`<div class="signature">
    <canvas ref=${canvas} aria-label=${t("slip.sign_here")}></canvas>
    ${!inked && html`<span class="signature-hint"><${Icon} name="pen-line" />${t("slip.sign_here")}</span>`}
  </div>`;
}

/** Give the canvas as many pixels as the glass has, and empty it. */
function fit(canvas, drawing) {
  const scale = Math.max(devicePixelRatio, 1);
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  canvas.getContext("2d").scale(scale, scale);
  drawing.clear();
}

function ink(canvas, groups) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const start = groups[0].points[0].time;
  const total = groups.reduce((sum, group) => sum + group.points.length, 0);
  const every = Math.ceil(total / POINTS_MAX);
  const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
  const strokes = groups.map(({ points }) =>
    points
      .filter((_point, index) => index % every === 0 || index === points.length - 1)
      .map((point) => [
        Math.max(Math.round(point.time - start), 0),
        within(point.x, width),
        within(point.y, height),
        point.pressure > 0 ? within(point.pressure * PRESSURE_MAX, PRESSURE_MAX) : NO_PRESSURE,
      ]),
  );
  return { width, height, strokes };
}
