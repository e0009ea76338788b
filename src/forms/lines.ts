/** Text of a field that holds several words or values. */

/** Split words at spaces or commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Parse `NAME=VALUE` in each line; around a separator with spaces, spaces do not count. */
export function parsePairs(text: string, separator = '='): Record<string, string> {
  const lines = text.split('\n').map(line => line.trim());
  const sign = separator.trim();
  return Object.fromEntries(
    lines.filter(Boolean).map(line => {
      const at = line.indexOf(sign);
      const value = at < 0 ? '' : line.slice(at + 1);
      return [at < 0 ? line : line.slice(0, at).trim(), sign === separator ? value : value.trim()];
    })
  );
}

export function pairLines(values: Record<string, string> | undefined, separator = '='): string {
  return Object.entries(values ?? {})
    .map(pair => pair.join(separator))
    .join('\n');
}
