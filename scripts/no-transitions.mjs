// In place of d3-transition and d3-interpolate, which React Flow needs only for animated views. Ours
// never are: a jump is as clear, and nothing has to move less for those who asked for that.
import { selection } from 'd3-selection';

export const interrupt = () => undefined;
export const interpolate = () => () => undefined;
export const interpolateZoom = interpolate;

selection.prototype.interrupt = function () {
  return this;
};
