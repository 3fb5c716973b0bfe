import { describe, expect, it } from 'vitest';

import {
  contrast, css, divergingRamp, ERROR_RAMP, errorColour, inkOn, lightness, mix, parse, type Rgb, within,
} from '../src/lib/colours';

const near = (found: Rgb, wanted: Rgb) => found.forEach((byte, i) => expect(byte).toBeCloseTo(wanted[i], 0));

describe('colours', () => {
  it('reads what CSS writes', () => {
    expect(parse('#1f5fa8')).toEqual([31, 95, 168]);
    expect(parse(' #fa0 ')).toEqual([255, 170, 0]);
    expect(parse('rgb(31, 95, 168)')).toEqual([31, 95, 168]);
    expect(parse('rgba(31 95 168 / 0.5)')).toEqual([31, 95, 168]);
    expect(() => parse('blue')).toThrow('#rrggbb');
    expect(css([31.2, 94.8, 168])).toBe('rgb(31 95 168)');
    expect(css([31, 95, 168], 0.5)).toBe('rgb(31 95 168 / 0.5)');
  });

  it('goes from light to dark as the error rises', () => {
    const lights = ERROR_RAMP.map(lightness);
    lights.slice(1).forEach((light, i) => expect(light).toBeLessThan(lights[i]));
    near(errorColour(0), parse('#f7f3e8'));
    near(errorColour(1), parse('#0a1638'));
    near(errorColour(7), parse('#0a1638'));
    near(errorColour(4 / 7), parse('#4580b0').map((byte) => byte) as unknown as Rgb);
  });

  it('knows the lightness of Oklab', () => {
    expect(lightness([255, 255, 255])).toBeCloseTo(1, 4);
    expect(lightness([0, 0, 0])).toBeCloseTo(0, 6);
    expect(lightness([255, 0, 0])).toBeCloseTo(0.62796, 4);
    expect(lightness([0, 0, 255])).toBeCloseTo(0.45201, 4);
  });

  it('mixes evenly to the eye', () => {
    const [black, white]: Rgb[] = [[0, 0, 0], [255, 255, 255]];
    expect(lightness(mix(black, white, 0.5))).toBeCloseTo(0.5, 3);
    near(mix([31, 95, 168], white, 0), [31, 95, 168]);
    near(mix([31, 95, 168], white, 1), white);
  });

  it('meets the paper at nought', () => {
    const ramp = divergingRamp('#b2541a', '#f4f4f2', '#1f5fa8');
    near(within(ramp, 0), parse('#b2541a'));
    near(within(ramp, 0.5), parse('#f4f4f2'));
    near(within(ramp, 1), parse('#1f5fa8'));
    const lights = ramp.map(lightness);
    lights.slice(1, 129).forEach((light, i) => expect(light).toBeGreaterThan(lights[i]));
    lights.slice(129).forEach((light, i) => expect(light).toBeLessThan(lights[i + 128]));
  });

  it('writes on every colour of the map so that it can be read', () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 6);
    ERROR_RAMP.forEach((colour) => expect(contrast(colour, inkOn(colour))).toBeGreaterThan(4));
  });
});
