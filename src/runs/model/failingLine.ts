/** Finds the user's own line of code in the record of a failure. */
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Task } from '../../api/types';
import { plainText } from '../../components/format/plainText';

const MOST = 160;
/** The frame of a notebook's cell, as versions of IPython write it. */
const CELL = /^\s*(?:Cell In|Input In|Input) ?\[\d+\]|ipykernel_\d+\/|<ipython-input-/;
/** What distinguishes the frames of one cell from those of others. */
const NAME = /\[\d+\]|ipykernel_\d+\/\S+|<ipython-input-[^ >]+/;
/** Python's sentences between the traceback of an exception and that of the next one. */
const CHAINED = /^(?:During handling of the above|The above exception was the direct cause)/;
const ARROW = /^-+> ?(\d+) ?(.*)$/;
/** A string of Python within a line. */
const QUOTED = /("""|'''|["'])(?:\\.|(?!\1)[^\\])*\1/g;
const FRAME = /^\s*File "([^"]*)", line (\d+)/;
/** Frames of libraries and of Python itself. */
const FOREIGN = /[/\\](?:site-packages|dist-packages|lib[/\\]python\d[^/\\]*)[/\\]|^</;

/** What IPython makes of `%name rest`, and of `!command`. */
const MAGIC =
  /get_ipython\(\)\.(?:run_line_magic\('(\S+)', '(.*)'\)|(?:system|getoutput)\('(.*)'\))/g;

/** A line of the user's own code. */
interface IOwnLine {
  code: string;
  /** Its number in the cell or in the file, from 1. */
  number?: number;
}

/** Return the line of a notebook or script that failed; undefined if the traceback has none. */
export function failingLine(traceback: string): string | undefined {
  const lines = linesOf(traceback);
  const line = (ofCell(lines) ?? ofScript(lines))?.code.trim();
  return line && (line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line);
}

/** A line of the failing cell, with its number if that is known. */
export interface IShownLine {
  number: string;
  code: string;
  failed: boolean;
}

/** A line of a frame of IPython: an arrow if it failed, a number, and code. */
const NUMBERED = /^(-+>)? *(\d+) ?(.*)$/;
/** So many lines are shown before and after the one that failed. */
const AROUND = 2;

/** Return the lines of a cell around the one that failed; of a script that line alone. */
export function failingLines(traceback: string): IShownLine[] {
  const lines = linesOf(traceback);
  const shown: IShownLine[] = [];
  for (const line of lines.slice((cellFrames(lines).pop() ?? lines.length) + 1)) {
    const [, arrow, number, code] = NUMBERED.exec(line) ?? [];
    if (number === undefined) {
      break;
    }
    shown.push({ number, code, failed: !!arrow });
  }
  const at = shown.findIndex(({ failed }) => failed);
  const own = failingLine(traceback);
  return at >= 0
    ? shown.slice(Math.max(0, at - AROUND), at + AROUND + 1)
    : own === undefined
      ? []
      : [{ number: '', code: own, failed: true }];
}

/** Where to edit the source: a cell of a notebook, or lines of files. */
export type FailingPlace = {
  /** The line in the executed cell, from 1. */
  line?: number;
  /** The innermost line of each file of the user, by file name. */
  lines: Record<string, number>;
};

/** Return the lines that a traceback names, for an editor. */
export function failingPlace(traceback: string): FailingPlace {
  const lines = linesOf(traceback);
  const files = ownFrames(lines).map(({ file, number }) => [baseName(file), number]);
  return { line: ofExecutingCell(lines)?.number, lines: Object.fromEntries(files) };
}

/**
 * Return the arguments of `nbyard:edit-executable-source` for a failed task; undefined without its
 * executable.
 */
export function failingSourceArgs({
  executable_id: id,
  failure
}: Task): ReadonlyPartialJSONObject | undefined {
  const { traceback = '', cell } = failure ?? {};
  return id ? { id, cell: cell ?? undefined, ...failingPlace(traceback) } : undefined;
}

/** Return the lines of a traceback, with magics as the user wrote them. */
function linesOf(traceback: string): string[] {
  const own = (_: string, name?: string, rest = '', command = '') =>
    name ? `%${name} ${rest}`.trim() : `!${command}`;
  return plainText(traceback).replace(MAGIC, own).split('\n');
}

function baseName(path: string): string {
  return path.split(/[/\\]/).pop()!;
}

/** The last frame in a cell; what the cell called comes after it. */
function ofCell(lines: readonly string[]): IOwnLine | undefined {
  const starts = cellFrames(lines);
  return starts.length ? lineAt(lines, starts[starts.length - 1]) : undefined;
}

/**
 * The innermost frame of the cell that was executed, which is that of the first frame: functions of
 * other cells come after it. Frames of earlier exceptions begin where these were caught.
 */
function ofExecutingCell(lines: readonly string[]): IOwnLine | undefined {
  const last = [...lines.keys()].filter(at => CHAINED.test(lines[at])).pop() ?? -1;
  const starts = cellFrames(lines).filter(at => at > last);
  const nameOf = (at: number) => NAME.exec(lines[at])?.[0];
  const start = starts.filter(at => nameOf(at) === nameOf(starts[0])).pop();
  return start === undefined ? undefined : lineAt(lines, start);
}

function cellFrames(lines: readonly string[]): number[] {
  return [...lines.keys()].filter(at => CELL.test(lines[at]));
}

function lineAt(lines: readonly string[], start: number): IOwnLine | undefined {
  const after = lines.slice(start + 1);
  for (const [at, line] of after.entries()) {
    const [, number, code] = ARROW.exec(line) ?? [];
    if (code !== undefined) {
      return { code: statement(code, after.slice(at + 1)), number: Number(number) };
    }
    if (!line.trim() || FRAME.test(line)) {
      break;
    }
  }
  // the frame of a syntax error has no arrow
  const [, number] = /line (\d+)/.exec(lines[start]) ?? [];
  const code = lines[start + 1] ?? '';
  return /^\s+\S/.test(code) ? { code, number: number ? Number(number) : undefined } : undefined;
}

/**
 * Join a line with the lines after it until its brackets are closed; the line alone if they are not
 * closed.
 */
function statement(first: string, rest: readonly string[]): string {
  let code = first.trim();
  for (const line of rest) {
    const [, next] = /^\s+\d+ +(.*)$/.exec(line) ?? [];
    if (next === undefined || isClosed(code)) {
      break;
    }
    code += /[([{]$/.test(code) || /^[)\]}]/.test(next) ? next : ` ${next}`;
  }
  return isClosed(code) ? code : first.trim();
}

/** Return whether all brackets of a line are closed, except those in strings. */
function isClosed(code: string): boolean {
  const bare = code.replace(QUOTED, '');
  return count(bare, /[([{]/g) <= count(bare, /[)\]}]/g);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** The last frame outside of libraries, else the last one. */
function ofScript(lines: readonly string[]): IOwnLine | undefined {
  const own = ownFrames(lines);
  const frames = own.length ? own : framesOf(lines);
  return frames[frames.length - 1];
}

function ownFrames(lines: readonly string[]): IFrame[] {
  return framesOf(lines).filter(({ file }) => !FOREIGN.test(file));
}

interface IFrame extends IOwnLine {
  file: string;
  number: number;
}

function framesOf(lines: readonly string[]): IFrame[] {
  return lines.flatMap((line, at) => {
    const [, file, number] = FRAME.exec(line) ?? [];
    const code = lines[at + 1] ?? '';
    const isShown = file !== undefined && /^\s+\S/.test(code) && !FRAME.test(code);
    return isShown ? [{ file, code, number: Number(number) }] : [];
  });
}
