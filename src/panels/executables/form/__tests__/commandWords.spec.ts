import { readCommand, showCommand } from '../commandWords';

describe('E5: a command as a line', () => {
  it.each([
    [['python3', '{file}'], 'python3 {file}'],
    [['sh', '-c', 'echo "it\'s" $x'], `sh -c 'echo "it'\\''s" $x'`],
    [['a', ''], "a ''"],
    [['{file}', '--x=1 2', '\\', 'ü'], "{file} '--x=1 2' '\\' 'ü'"]
  ])('%j is shown and read again', (words, line) => {
    expect(showCommand(words)).toBe(line);
    expect(readCommand(line)).toEqual(words);
  });

  it.each([
    ['["{file}", "-r"]', ['{file}', '-r']],
    ['[ -f {file} ]', ['[', '-f', '{file}', ']']],
    ['  a   "b \\" c"d  ', ['a', 'b " cd']],
    ['a\\ b', ['a b']],
    ['it"s', ['it"s']],
    ['', undefined],
    ['[]', undefined]
  ])('%s is read', (line, words) => {
    expect(readCommand(line)).toEqual(words);
  });
});
