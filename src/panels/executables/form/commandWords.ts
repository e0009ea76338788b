/** A command as people type it in a POSIX shell: words, with quotes where a word has spaces. */
const WORD = /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|([^\s"'\\]+)/gsy;
const PLAIN = /^[\w@%+=:,./{}-]+$/;

/** Return the command as one line. */
export function showCommand(words: readonly string[]): string {
  return words
    .map(word => (PLAIN.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`))
    .join(' ');
}

/** Return the words of a line or of a JSON list; undefined for an empty one. */
export function readCommand(line: string): string[] | undefined {
  const text = line.trim();
  if (text.startsWith('[')) {
    try {
      const value: unknown = JSON.parse(text);
      return Array.isArray(value) && value.length ? value.map(String) : undefined;
    } catch {
      // no list: a program may be called [
    }
  }
  const words: string[] = [];
  let isInWord = false;
  for (let at = 0; at < text.length;) {
    WORD.lastIndex = at;
    const [all, double, single, escaped] = WORD.exec(text) ?? [text[at]];
    at += all.length;
    if (/^\s$/.test(all)) {
      isInWord = false;
      continue;
    }
    // what matches nothing, such as an open quote, stands for itself
    const piece = double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? all;
    if (isInWord) {
      words[words.length - 1] += piece;
    } else {
      words.push(piece);
    }
    isInWord = true;
  }
  return words.length ? words : undefined;
}
