/* signature.js: the pad on the glass: signature_pad draws, strokes.js keeps what was drawn.
 *
 * How to use it:
 *   const pad = useRef(null);
 *   html`<${Signature} pad=${pad} of=${slipHash} onInk=${(any) => …} locked=${signed} />`
 *   pad.current.ink()    // {width, height, strokes}: strokes of [t_ms, x, y, pressure], whole numbers
 *   pad.current.undo(), pad.current.clear()
 *
 * Invariant: nothing but `undo` and `clear` takes a stroke away. The canvas is never touched while a
 * stroke is being drawn; a new size of the glass waits for its end. What was drawn for one `of` is
 * still there when the page draws the pad anew, after a lost link for instance.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import SignaturePad from "signature_pad";
import { around, fromGlass, inked, onGlass, placed } from "./strokes.js";

const NO_STROKES = [];

/** What was drawn last, and for what: the customer signs one thing at a time. */
let kept = { of: "", frame: null, strokes: NO_STROKES };

export function Signature({ pad, of, onInk, locked = false }) {
  const canvas = useRef(null);
  const drawing = useRef(null);
  const [empty, setEmpty] = useState(true);
  useEffect(() => {
    drawing.current = new Drawing(canvas.current, of, (any) => {
      setEmpty(!any);
      onInk(any);
    });
    pad.current = drawing.current;
    return () => drawing.current.end();
  }, [of]);
  useEffect(() => drawing.current.lock(locked), [locked, of]);
  return html`<div class=${`signature ${locked ? "signature-locked" : ""}`}>
    <canvas ref=${canvas} aria-label=${t(locked ? "slip.signed" : "slip.sign_here")}></canvas>
    ${empty && html`<span class="signature-hint">
      <${Icon} name=${locked ? "lock" : "pen-line"} />${t(locked ? "slip.signed" : "slip.sign_here")}
    </span>`}
  </div>`;
}

/** The strokes for one thing to sign, on one canvas. */
class Drawing {
  constructor(canvas, of, changed) {
    if (kept.of !== of) kept = { of, frame: null, strokes: NO_STROKES };
    const style = getComputedStyle(canvas);
    this.canvas = canvas;
    this.changed = changed;
    this.writing = false;
    this.late = false;
    this.pad = new SignaturePad(canvas, {
      penColor: style.getPropertyValue("--pen").trim(),
      backgroundColor: style.getPropertyValue("--paper").trim(),
      minWidth: 1.2,
      maxWidth: 3.6,
      minDistance: 2,
      throttle: 0, // a browser tells one move a frame; a timer on top loses points when it is late
    });
    this.pad.addEventListener("beginStroke", () => {
      this.writing = true;
    });
    this.pad.addEventListener("endStroke", () => this.keep());
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(canvas);
  }

  /** The signature as the wire has it. */
  ink() {
    return inked(kept.frame, kept.strokes);
  }

  undo() {
    this.replace(kept.strokes.slice(0, -1));
  }

  clear() {
    this.replace(NO_STROKES);
  }

  /** Nothing more can be drawn, or it can again. */
  lock(locked) {
    if (locked) this.pad.off();
    else this.pad.on();
  }

  end() {
    this.sizes.disconnect();
    this.pad.off();
  }

  keep() {
    this.writing = false;
    this.replace([...kept.strokes, fromGlass(this.view, this.pad.toData().at(-1))], this.late);
  }

  replace(strokes, anew = strokes.length <= kept.strokes.length) {
    kept = { ...kept, strokes };
    if (anew) this.redraw();
    else this.changed(true);
  }

  /** Lay the frame on the glass as it is now; a stroke in the middle is finished first. */
  redraw() {
    this.late = this.writing;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.writing || width === 0 || height === 0) return;
    const blank = kept.strokes.length === 0;
    kept.frame = blank ? { x: 0, y: 0, width, height } : around(kept.frame, kept.strokes);
    this.view = placed(kept.frame, { width, height });
    const scale = Math.max(devicePixelRatio, 1);
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.getContext("2d").scale(scale, scale);
    this.pad.fromData(kept.strokes.map((stroke) => onGlass(this.view, stroke)));
    this.changed(!blank);
  }
}
