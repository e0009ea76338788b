/**
 * The canonical text of a workflow document: keys in UTF-16 order, two spaces, an array of scalars
 * on one line, a final newline. `domain/parsing/canonical_json.py` writes the same bytes.
 */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function canonical(value: Json): string {
  return write(value, '\n') + '\n';
}

function write(value: Json, newline: string): string {
  const deeper = newline + '  ';
  if (Array.isArray(value)) {
    if (!value.some(item => typeof item === 'object' && item !== null)) {
      return `[${value.map(item => JSON.stringify(item)).join(', ')}]`;
    }
    return `[${deeper}${value.map(item => write(item, deeper)).join(`,${deeper}`)}${newline}]`;
  }
  if (isObject(value)) {
    const lines = Object.keys(value)
      .sort()
      .map(key => `${JSON.stringify(key)}: ${write(value[key], deeper)}`);
    return lines.length ? `{${deeper}${lines.join(`,${deeper}`)}${newline}}` : '{}';
  }
  return JSON.stringify(value);
}

/** Whether two values are equal in canonical form, whatever the order of keys. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));
}
