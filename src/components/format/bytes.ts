const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Format the size of files and images as shells do: "632.3 MB" for 632300000. */
export function showBytes(bytes: number): string {
  const [value, unit] = scaled(bytes, 1000);
  return `${unit ? value.toFixed(1) : value} ${UNITS[unit]}`;
}

/** Format memory, which comes in powers of two: "1.5 GiB" for 1610612736. */
export function showMemory(bytes: number): string {
  const [value, unit] = scaled(bytes, 1024);
  return `${Number(value.toFixed(2))} ${BINARY[unit]}`;
}

function scaled(bytes: number, base: number): [value: number, unit: number] {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < UNITS.length - 1) {
    value /= base;
    unit++;
  }
  return [value, unit];
}

/** Parse "512 MiB", "2GB" or "1048576"; undefined if the text is not a size. */
export function readBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(text);
  if (!match) {
    return undefined;
  }
  const power = ' kmgt'.indexOf(match[2].toLowerCase() || ' ');
  return Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}
