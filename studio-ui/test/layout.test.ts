import { expect, test } from 'vitest';
import { edgesOf, layOut, pathText, placesFor, pointAt, type Box } from '../src/lib/layout';
import { network } from './networks';

const BOX: Box = { width: 700, height: 400, em: 14, left: 100, right: 80, top: 60, gap: 100 };

test('columns part the width between the labels evenly', () => {
  const { columns, width } = layOut(network([2, 4, 1]), BOX);
  expect(columns.map((column) => column.x)).toEqual([100, 360, 620]);
  expect(width).toBe(700);
});

test('units of a column are apart evenly, about the middle, and do not touch', () => {
  const { columns } = layOut(network([2, 8, 1]), BOX);
  const ys = columns[1].units.map((unit) => unit.y);
  const apart = ys[1] - ys[0];
  ys.slice(1).forEach((y, at) => expect(y - ys[at]).toBeCloseTo(apart));
  expect(2 * columns[1].radius).toBeLessThan(apart);
  expect((ys[0] + ys[7]) / 2).toBeCloseTo(columns[0].units[0].y / 2 + columns[0].units[1].y / 2);
  expect(ys[0] - columns[1].radius).toBeGreaterThanOrEqual(60);
});

test('every weight of a small network is one line', () => {
  const net = network([2, 4, 3, 1]);
  const layout = layOut(net, BOX);
  expect(layout.joints.map((joint) => joint.kind)).toEqual(['lines', 'lines', 'lines']);
  expect(net.layers.map((_, at) => edgesOf(net, layout, at).length)).toEqual([8, 12, 3]);
});

test('a line goes from the rim of its source to the rim of its unit', () => {
  const net = network([2, 4, 1]);
  const layout = layOut(net, BOX);
  const edge = edgesOf(net, layout, 0).find(({ row, j }) => row === 1 && j === 2)!;
  const [from, to] = [layout.columns[0], layout.columns[1]];
  expect(pointAt(edge.path, 0)).toEqual({ x: from.x + from.radius, y: from.units[1].y });
  expect(pointAt(edge.path, 1)).toEqual({ x: to.x - to.radius, y: to.units[2].y });
  const middle = pointAt(edge.path, 0.5);
  expect(middle.y).toBeCloseTo((from.units[1].y + to.units[2].y) / 2);
  expect(pathText(edge.path)).toMatch(/^M[\d.]+ [\d.]+C/);
});

test('lines that pass over a layer run beneath its units, the lines of each source side by side', () => {
  const net = network([2, 4, 3, 1], { output: ['hidden2', 'input', 'hidden1'] });
  const layout = layOut(net, BOX);
  const edges = edgesOf(net, layout, 2);
  expect(edges.length).toBe(3 + 2 + 4);
  const lowest = Math.max(...layout.columns.flatMap(({ units, radius }) => units.map(({ y }) => y + radius)));
  const [far, near] = [edges.slice(3, 5), edges.slice(5)].map((each) => each.map(({ path }) => path[3].y));
  const lanes = [...far, ...near];
  expect(new Set(lanes).size).toBe(6); // no line hides another
  expect(Math.max(...far)).toBeLessThan(Math.min(...near));
  lanes.forEach((y) => {
    expect(y).toBeGreaterThan(lowest);
    expect(y).toBeLessThan(BOX.height);
  });
});

test('a tall layer shows a part, tells of the rest, and can show any part', () => {
  const net = network([2, 64, 1]);
  const start = layOut(net, BOX).columns[1];
  expect(start.before).toBe(0);
  expect(start.units.length + start.after).toBe(64);
  expect(start.after).toBeGreaterThan(40);
  const end = layOut(net, BOX, { hidden1: 1000 }).columns[1];
  expect(end.after).toBe(0);
  expect(end.units.at(-1)!.j).toBe(63);
  const middle = layOut(net, BOX, { hidden1: 20 }).columns[1];
  expect([middle.before, middle.units[0].j]).toEqual([20, 20]);
});

test('too many lines become a matrix that lies between its columns', () => {
  const net = network([21, 64, 32, 1]);
  const { columns, joints } = layOut(net, { ...BOX, width: 1100 });
  expect(joints.map((joint) => joint.kind)).toEqual(['matrix', 'matrix', 'matrix']);
  joints.forEach(({ area, biases }, at) => {
    expect(area.x).toBeGreaterThan(columns[at].x + columns[at].radius);
    expect(area.x + area.width).toBeLessThan(columns[at + 1].x - columns[at + 1].radius);
    expect(biases.y).toBeGreaterThan(area.y + area.height);
    expect(biases.y + biases.height).toBeLessThan(BOX.height);
  });
});

test('a box too narrow is left wider, so that nothing overlaps', () => {
  const { columns, width } = layOut(network([2, 4, 4, 4, 4, 1]), { ...BOX, width: 300 });
  expect(width).toBeGreaterThan(300);
  columns.slice(1).forEach((column, at) => expect(column.x - columns[at].x).toBeGreaterThan(60));
});

test('labels give way before anything has to be scrolled', () => {
  const net = network([2, 4, 4, 1]);
  const { columns, width } = layOut(net, { ...BOX, left: 180, width: 500 });
  expect(width).toBeCloseTo(500);
  expect(columns[0].x).toBeCloseTo(120); // of 180: the columns need 300, the outputs' labels 80
  expect(columns[1].x - columns[0].x).toBeGreaterThanOrEqual(BOX.gap - 1e-9);
});

test('a network without hidden layers is laid out too', () => {
  const net = network([3, 1]);
  expect(edgesOf(net, layOut(net, BOX), 0).length).toBe(3);
});

test('numbers on lines do not touch, or there are none', () => {
  const text = { width: 50, height: 18 };
  const net = network([2, 4, 1]);
  const paths = edgesOf(net, layOut(net, BOX), 0).map(({ path }) => path);
  const places = placesFor(paths, text)!;
  expect(places.length).toBe(8);
  places.forEach((a, at) =>
    places.slice(0, at).forEach((b) => {
      expect(Math.abs(a.x - b.x) >= text.width || Math.abs(a.y - b.y) >= text.height).toBe(true);
    }),
  );
  expect(placesFor([...paths, ...paths, ...paths], text)).toBeNull();
});
