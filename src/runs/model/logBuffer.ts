import { isReason, Reason } from '../../reasons';

/**
 * The line in place of missing output (`runner/supervision/work_log.py`): its English text, and the
 * reason.
 */
const GAP = /^(\[nbyard: .*\]) (\{"code": "log-gap.*\})$/;

/** The limit of text in memory, to protect the browser. */
const LIMIT = 4 * 1024 * 1024;

/** A gap in a log, and the line in its place. */
export interface ILogGap {
  line: number;
  reason: Reason;
}

/** The start of a line between two pieces: its byte in the log, and the lines before it. */
interface ISeam {
  byte: number;
  line: number;
  /** The length of the text before it. */
  size: number;
}

/**
 * A part of a log as lines. It grows at both ends; beyond a limit it is cut at the other end. A
 * progress bar that rewrites its line stays one line.
 */
export class LogBuffer {
  constructor(private readonly limit = LIMIT) {}

  /** The available lines; the last one may grow. */
  lines: string[] = [];
  gaps: ILogGap[] = [];
  /** The available bytes of the log. */
  start = 0;
  end = 0;
  /** The log has more after this part. */
  behind = false;

  /** Whether there is room for more without a cut. */
  get hasRoom(): boolean {
    return this._size < this.limit;
  }

  append(text: string, end = this.end + text.length): void {
    const pieces = (this._open + text.replace(/\r\n/g, '\n')).split('\n');
    if (this._held) {
      this.lines.pop();
    }
    this._open = pieces.pop()!;
    this._take(pieces, this.lines);
    this._held = this._open !== '';
    if (this._held) {
      this.lines.push(overwritten(this._open));
    }
    this.end = end;
    this._size += text.length;
    if (!this._held) {
      this._seams.push({ byte: end, line: this.lines.length, size: this._size });
    }
    this._cutStart();
  }

  /** Prepend whole lines, which start at a byte. */
  prepend(text: string, start: number): void {
    if (!text) {
      return;
    }
    const pieces = text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
    const { byte, lines, gaps } = { byte: this.start, lines: this.lines, gaps: this.gaps };
    this.lines = [];
    this.gaps = [];
    this._take(pieces, this.lines);
    const more = this.lines.length;
    this.lines = this.lines.concat(lines);
    this.gaps.push(...gaps.map(gap => ({ ...gap, line: gap.line + more })));
    const seams = [{ byte, line: 0, size: 0 }, ...this._seams];
    this._seams = seams.map(seam => moved(seam, more, text.length));
    this._size += text.length;
    this.start = start;
    this._shift += more;
    this._cutEnd();
  }

  /** Start again at a byte of the log. */
  clear(start = 0): void {
    this.lines = [];
    this.gaps = [];
    this.start = this.end = start;
    this.behind = false;
    this._open = '';
    this._held = false;
    this._seams = [];
    this._size = 0;
    this._shift = 0;
  }

  /** Return by how many lines the text moved since the last call. */
  takeShift(): number {
    const shift = this._shift;
    this._shift = 0;
    return shift;
  }

  private _take(pieces: readonly string[], lines: string[]): void {
    for (const piece of pieces) {
      const gap = readGap(piece);
      if (gap) {
        this.gaps.push({ line: lines.length, reason: gap.reason });
      }
      lines.push(gap ? gap.text : overwritten(piece));
    }
  }

  private _cutStart(): void {
    const seam = this._seams.find(({ size }) => this._size - size <= this.limit);
    if (this._size <= this.limit || !seam) {
      return;
    }
    const { byte, line, size } = seam;
    this.lines.splice(0, line);
    this.gaps = this.gaps
      .map(gap => ({ ...gap, line: gap.line - line }))
      .filter(gap => gap.line >= 0);
    this._seams = this._seams
      .filter(known => known.size > size)
      .map(known => moved(known, -line, -size));
    this._size -= size;
    this.start = byte;
    this._shift -= line;
  }

  private _cutEnd(): void {
    const within = this._seams.filter(({ size }) => size <= this.limit);
    const seam = within[within.length - 1];
    if (this._size <= this.limit || !seam) {
      return;
    }
    this.lines.length = seam.line;
    this.gaps = this.gaps.filter(gap => gap.line < seam.line);
    this._seams = within;
    this._size = seam.size;
    this.end = seam.byte;
    this.behind = true;
    this._open = '';
    this._held = false;
  }

  private _held = false;
  private _open = '';
  private _seams: ISeam[] = [];
  private _shift = 0;
  private _size = 0;
}

function moved({ byte, line, size }: ISeam, lines: number, text: number): ISeam {
  return { byte, line: line + lines, size: size + text };
}

/** Return the text and the reason of a line in place of missing output; undefined for others. */
function readGap(line: string): { text: string; reason: Reason } | undefined {
  const match = GAP.exec(line);
  if (!match) {
    return undefined;
  }
  const [, text, json] = match;
  try {
    const reason: unknown = JSON.parse(json);
    return isReason(reason) ? { text, reason } : undefined;
  } catch {
    return undefined; // the work printed it
  }
}

/** Return the visible text of a line with carriage returns: the last part. */
function overwritten(line: string): string {
  const parts = line.split('\r').filter(Boolean);
  return parts[parts.length - 1] ?? '';
}

/** Return the indices of lines that contain the text or match it as an expression. */
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
