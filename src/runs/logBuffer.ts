/** Log text as lines; a progress bar that rewrites its line stays one line. */
export class LogBuffer {
  /** All lines; the last one may grow. */
  readonly lines: string[] = [];

  append(text: string): void {
    const pieces = (this._open + text.replace(/\r\n/g, '\n')).split('\n');
    if (this._held) {
      this.lines.pop();
    }
    this._open = pieces.pop()!;
    this.lines.push(...pieces.map(overwritten));
    this._held = this._open !== '';
    if (this._held) {
      this.lines.push(overwritten(this._open));
    }
  }

  clear(): void {
    this.lines.length = 0;
    this._open = '';
    this._held = false;
  }

  private _held = false;
  private _open = '';
}

/** What a terminal shows of a line with carriage returns: what was written last. */
function overwritten(line: string): string {
  const parts = line.split('\r').filter(Boolean);
  return parts[parts.length - 1] ?? '';
}

/** Indices of the lines that contain the text, or match it as an expression. */
export function findLines(lines: readonly string[], text: string): number[] | 'bad' {
  if (!text) {
    return [];
  }
  let expression: RegExp;
  try {
    expression = new RegExp(text, 'i');
  } catch {
    return 'bad';
  }
  return lines.flatMap((line, index) => (expression.test(line) ? [index] : []));
}
