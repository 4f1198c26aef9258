// Very many marks as density: each pixel has the mean colour of its marks, and shows the better the
// more there are. A point of its own would take a second a frame without a graphics card.
const BORT_MAP_RASTER_FROM = 200_000, BORT_MAP_MARKED_AT_MOST = 50_000;

// Which points are density, first and end: neither few dev items nor a small round, and none while
// the map is small.
function bortMapRastered({ n, dev, starts, round }) {
  if (n < BORT_MAP_RASTER_FROM) return [0, 0];
  const isFew = (count) => count <= BORT_MAP_MARKED_AT_MOST, [begin, end] = [starts[round], starts[round + 1]];
  return [isFew(dev) ? dev : 0, isFew(end - begin) ? begin : end];
}

function bortMapRaster(view, w, h) {
  const [first, end] = bortMapRastered(view);
  const { under, screen, colour } = view;
  const pen = under.getContext("2d");
  if (first === end) return pen.clearRect(0, 0, under.width, under.height);
  Object.assign(under, { width: w, height: h });
  const sums = new Float32Array(4 * w * h);
  for (let i = first; i < end; i++) {
    const alpha = colour[4 * i + 3], x = screen[2 * i], y = screen[2 * i + 1];
    if (!alpha || !(x >= 0 && y >= 0 && x < w && y < h)) continue;
    const k = 4 * (Math.floor(y) * w + Math.floor(x));
    for (let j = 0; j < 3; j++) sums[k + j] += alpha * colour[4 * i + j];
    sums[k + 3] += alpha;
  }
  const picture = pen.createImageData(w, h), { data } = picture;
  let most = 1;
  for (let k = 3; k < sums.length; k += 4) most = Math.max(most, sums[k]);
  for (let k = 0; k < data.length; k += 4) {
    const sum = sums[k + 3];
    if (!sum) continue;
    for (let j = 0; j < 3; j++) data[k + j] = sums[k + j] / sum;
    data[k + 3] = 70 + 185 * (Math.log1p(sum / 60) / Math.log1p(most / 60));
  }
  pen.putImageData(picture, 0, 0);
}
