/** Finds the user's own line of code in the record of a failure. */
import { plainText } from '../../components/format/plainText';

const MOST = 80;
/** The frame of a notebook's cell, as versions of IPython write it. */
const CELL = /^\s*(?:Cell In|Input In|Input) ?\[\d+\]|ipykernel_\d+\/|<ipython-input-/;
const ARROW = /^-+> ?\d+ ?(.*)$/;
const FRAME = /^\s*File "([^"]*)", line \d+/;
/** Frames of libraries and of Python itself. */
const FOREIGN = /[/\\](?:site-packages|dist-packages|lib[/\\]python\d[^/\\]*)[/\\]|^</;

/** Return the line of a notebook or script that failed; undefined if the traceback has none. */
export function failingLine(traceback: string): string | undefined {
  const lines = plainText(traceback).split('\n');
  const line = (ofCell(lines) ?? ofScript(lines))?.trim();
  return line && (line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line);
}

/** The last frame in a cell; what the cell called comes after it. */
function ofCell(lines: readonly string[]): string | undefined {
  const frames = [...lines.keys()].filter(at => CELL.test(lines[at]));
  const start = frames[frames.length - 1];
  if (start === undefined) {
    return undefined;
  }
  for (const line of lines.slice(start + 1)) {
    const [, code] = ARROW.exec(line) ?? [];
    if (code !== undefined) {
      return code;
    }
    if (!line.trim() || FRAME.test(line)) {
      break;
    }
  }
  // the frame of a syntax error has no arrow
  return /^\s+\S/.test(lines[start + 1] ?? '') ? lines[start + 1] : undefined;
}

/** The last frame outside of libraries, else the last one. */
function ofScript(lines: readonly string[]): string | undefined {
  const frames = lines.flatMap((line, at) => {
    const [, file] = FRAME.exec(line) ?? [];
    const code = lines[at + 1] ?? '';
    return file !== undefined && /^\s+\S/.test(code) && !FRAME.test(code) ? [{ file, code }] : [];
  });
  const own = frames.filter(({ file }) => !FOREIGN.test(file));
  return (own[own.length - 1] ?? frames[frames.length - 1])?.code;
}
