/** Text of a field that holds several words or values. */

/** Split words at spaces or commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Parse `NAME=VALUE` in each line. */
export function parsePairs(text: string): Record<string, string> {
  const lines = text.split('\n').map(line => line.trim());
  return Object.fromEntries(
    lines.filter(Boolean).map(line => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1)];
    })
  );
}

export function pairLines(values: Record<string, string> | undefined): string {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}
