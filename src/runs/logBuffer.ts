/** Where the log had reached its limit (`runner/log.py`, `runtimes/docker/logs.py`). */
const GAP = /^\[nbyard: ([\d,]+) lines \(([\d,]+) bytes\) are missing here: (.*)\]$/;

/** What was left out of a log, and the line that stands in its place. */
export interface ILogGap {
  line: number;
  lines: number;
  bytes: number;
  why: string;
}

/** Log text as lines; a progress bar that rewrites its line stays one line. */
export class LogBuffer {
  /** All lines; the last one may grow. */
  readonly lines: string[] = [];
  readonly gaps: ILogGap[] = [];

  append(text: string): void {
    const pieces = (this._open + text.replace(/\r\n/g, '\n')).split('\n');
    if (this._held) {
      this.lines.pop();
    }
    this._open = pieces.pop()!;
    for (const piece of pieces) {
      const gap = GAP.exec(piece);
      if (gap) {
        const [lines, bytes] = gap.slice(1, 3).map(text => Number(text.replace(/,/g, '')));
        this.gaps.push({ line: this.lines.length, lines, bytes, why: gap[3] });
      }
      this.lines.push(overwritten(piece));
    }
    this._held = this._open !== '';
    if (this._held) {
      this.lines.push(overwritten(this._open));
    }
  }

  clear(): void {
    this.lines.length = 0;
    this.gaps.length = 0;
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
