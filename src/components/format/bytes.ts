import { scaled } from '../../reasons/bytes';

export { showBytes } from '../../reasons/bytes';

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Format memory, which comes in powers of two: "1.5 GiB" for 1610612736. */
export function showMemory(bytes: number): string {
  const [value, unit] = scaled(bytes, 1024);
  return `${Number(value.toFixed(2))} ${BINARY[unit]}`;
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
