const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Format the size of files and images as shells do: "632.3 MB" for 632300000. */
export function showBytes(bytes: number): string {
  let [value, unit] = scaled(bytes, 1000);
  if (value >= 999.95 && unit < UNITS.length - 1) {
    [value, unit] = [1, unit + 1]; // 999,950 bytes are 1.0 MB
  }
  return `${unit ? (Math.round(value * 10) / 10).toFixed(1) : value} ${UNITS[unit]}`;
}

/** Return a number of bytes in the largest unit that fits, and the index of that unit. */
export function scaled(bytes: number, base: number): [value: number, unit: number] {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < UNITS.length - 1) {
    value /= base;
    unit++;
  }
  return [value, unit];
}
