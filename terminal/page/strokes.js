/* strokes.js: strokes on a pad, apart from how large the pad happens to be.
 *
 * How to use it:
 *   const view = placed(frame, { width, height })   // how the frame lies on a glass of this size
 *   onGlass(view, stroke), fromGlass(view, stroke)  // a stroke of signature_pad, in pixels and back
 *   around(frame, strokes)                          // the frame, grown to hold every point
 *   inked(frame, strokes)                           // {width, height, strokes} for the wire
 *
 * Strokes are kept in a frame: the glass on which the first of them was drawn. When the tablet is
 * turned, the frame is laid on the new glass as large as it fits, nothing is bent or cut off, and
 * what is handed in is the frame: the same signature, whatever the glass was turned to meanwhile.
 * A long signature is thinned evenly, because one message of a page is bounded.
 */
const POINTS_MAX = 2_000;
const PRESSURE_MAX = 1_000;
const NO_PRESSURE = 500;

/** How a frame {x, y, width, height} lies on a glass {width, height}: scale and shift. */
export function placed(frame, glass) {
  const scale = Math.min(glass.width / frame.width, glass.height / frame.height);
  const shift = (side, at) => (glass[side] - frame[side] * scale) / 2 - frame[at] * scale;
  return { scale, x: shift("width", "x"), y: shift("height", "y") };
}

/** A stroke of the frame as signature_pad draws it on the glass. */
export function onGlass({ scale, x, y }, stroke) {
  return moved(stroke, scale, (point) => ({ ...point, x: point.x * scale + x, y: point.y * scale + y }));
}

/** A stroke as signature_pad took it from the glass, in the frame. */
export function fromGlass({ scale, x, y }, stroke) {
  return moved(stroke, 1 / scale, (point) => ({ ...point, x: (point.x - x) / scale, y: (point.y - y) / scale }));
}

function moved(stroke, scale, move) {
  const { points, minWidth, maxWidth, ...same } = stroke;
  return { ...same, minWidth: minWidth * scale, maxWidth: maxWidth * scale, points: points.map(move) };
}

/** The smallest frame that holds this one and every point. */
export function around(frame, strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const along = (at, side) => {
    const least = points.reduce((found, point) => Math.min(found, point[at]), frame[at]);
    const most = points.reduce((found, point) => Math.max(found, point[at]), frame[at] + frame[side]);
    return [least, most - least];
  };
  const [x, width] = along("x", "width");
  const [y, height] = along("y", "height");
  return { x, y, width, height };
}

/** What the wire calls a signature: whole numbers, times from the first point on. */
export function inked(frame, strokes) {
  const whole = around(frame, strokes);
  const [width, height] = [Math.ceil(whole.width), Math.ceil(whole.height)];
  const start = strokes[0].points[0].time;
  const total = strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
  const every = Math.ceil(total / POINTS_MAX);
  const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
  const taken = strokes.map(({ points }) =>
    points
      .filter((_point, index) => index % every === 0 || index === points.length - 1)
      .map((point) => [
        Math.max(Math.round(point.time - start), 0),
        within(point.x - whole.x, width),
        within(point.y - whole.y, height),
        point.pressure > 0 ? within(point.pressure * PRESSURE_MAX, PRESSURE_MAX) : NO_PRESSURE,
      ]),
  );
  return { width, height, strokes: taken };
}
