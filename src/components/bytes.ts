const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** "1.5 GiB" for 1610612736. */
export function showBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(2))} ${UNITS[unit]}`;
}

/** Reads "512 MiB", "2GB", "1048576"; undefined when it is no size. */
export function readBytes(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(text);
  if (!found) {
    return undefined;
  }
  const power = ' kmgt'.indexOf(found[2].toLowerCase() || ' ');
  return Math.round(Number(found[1]) * (found[3] ? 1024 : 1000) ** power);
}
