import { failingLine, failingPlace } from '../failingLine';

const ESC = '\u001b';

/** A cell calls a function of another one. */
const SEVERAL = [
  'Cell In[3], line 1',
  '----> 1 clean(frame)',
  '',
  'Cell In[2], line 2, in clean(frame)',
  '      1 def clean(frame):',
  '----> 2     return 1 / 0',
  '',
  'ZeroDivisionError: division by zero'
].join('\n');

describe('the line of code that failed', () => {
  it('is that of the cell, and not of the library below it', () => {
    const traceback = [
      '---------------------------------------------------------------------------',
      `${ESC}[31mKeyError${ESC}[39m                 Traceback (most recent call last)`,
      `${ESC}[36mCell${ESC}[39m${ESC}[36m ${ESC}[39m${ESC}[32mIn[4]${ESC}[39m${ESC}[32m, line 2${ESC}[39m`,
      `${ESC}[32m      1${ESC}[39m x = 1`,
      `${ESC}[32m----> ${ESC}[39m${ESC}[32m2${ESC}[39m frame[${ESC}[33m"price"${ESC}[39m] * x`,
      '',
      `${ESC}[36mFile ${ESC}[39m${ESC}[32m/usr/lib/python3.11/site-packages/pandas/core/frame.py:3807${ESC}[39m`,
      '   3806     return self._get(key)',
      '-> 3807 indexer = self.columns.get_loc(key)',
      '',
      "KeyError: 'price'"
    ].join('\n');
    expect(failingLine(traceback)).toBe('frame["price"] * x');
  });

  it('is the whole statement if that has several lines', () => {
    const traceback = [
      'Cell In[1], line 3',
      '      2 if x:',
      '----> 3     raise ValueError(',
      "      4         'no such penguin: '",
      "      5         f'{x}'",
      '      6     )',
      '      7 y = 2',
      '',
      'ValueError: no such penguin: 1'
    ].join('\n');
    expect(failingLine(traceback)).toBe("raise ValueError('no such penguin: ' f'{x}')");
    expect(failingPlace(traceback).line).toBe(3);
  });

  it.each([
    'raise ValueError("missing (")',
    "raise ValueError('it\\'s [')",
    'raise ValueError("""{ "a" """)',
    'raise ValueError( # cut'
  ])('does not have the lines after it: %s', line => {
    const traceback = `Cell In[1], line 1\n----> 1 ${line}\n      2 y = 2\n      3 z = 3`;
    expect(failingLine(traceback)).toBe(line);
  });

  it('is the innermost one of several cells', () => {
    expect(failingLine(SEVERAL)).toBe('return 1 / 0');
  });

  it.each([
    ["get_ipython().run_line_magic('matplotlib', 'inline')", '%matplotlib inline'],
    ["get_ipython().run_line_magic('pylab', '')", '%pylab'],
    ["files = get_ipython().getoutput('ls data')", 'files = !ls data']
  ])('is a magic as the user wrote it: %s', (code, own) => {
    expect(failingLine(`Cell In[1], line 1\n----> 1 ${code}\n\nModuleNotFoundError: x`)).toBe(own);
  });

  it('is the line of a syntax error', () => {
    const traceback = '  Cell In[1], line 1\n    x = = 1\n        ^\nSyntaxError: invalid syntax';
    expect(failingLine(traceback)).toBe('x = = 1');
  });

  it.each(['Input In [2], in <cell line: 1>()', '<ipython-input-2-a> in <module>', 'Input [2]'])(
    'is known from older kernels: %s',
    header => expect(failingLine(`${header}\n----> 1 boom()\n\nE: no`)).toBe('boom()')
  );

  it('is that of the script, and not of the library below it', () => {
    const traceback = [
      'reading',
      'Traceback (most recent call last):',
      '  File "/store/attempts/1/code/work.py", line 9, in <module>',
      '    main()',
      '  File "/store/attempts/1/code/work.py", line 5, in main',
      '    frame = read(path)',
      '            ^^^^^^^^^^',
      '  File "/env/lib/python3.12/site-packages/polars/io.py", line 80, in read',
      '    raise ValueError(path)',
      'ValueError: a.csv'
    ].join('\n');
    expect(failingLine(traceback)).toBe('frame = read(path)');
  });

  it('is cut', () => {
    const line = failingLine(`Cell In[1], line 1\n----> 1 ${'call('.repeat(99)}`);
    expect([line?.length, line?.slice(-1)]).toEqual([160, '…']);
  });

  it.each(['', 'Killed', 'Error in f(): object "x" not found', 'Cell In[1], line 1', '----> 1 x'])(
    'is unknown without a frame: %j',
    traceback => expect(failingLine(traceback)).toBeUndefined()
  );
});

describe('the place to edit', () => {
  it('is the line of the cell, whatever a library did below it', () => {
    const traceback =
      'Cell In[4], line 2\n      1 x = 1\n----> 2 clean(x)\n\nFile /usr/lib/a.py:9\n----> 9 no()';
    expect(failingPlace(traceback).line).toBe(2);
    expect(failingPlace('Cell In[1], line 7\n    x = = 1\n        ^').line).toBe(7);
  });

  it('is the line of the executed cell, not that of a cell whose function it calls', () => {
    expect(failingPlace(SEVERAL).line).toBe(1);
    const chained = [
      'Cell In[2], line 5, in clean(frame)',
      '----> 5     return frame["price"]',
      '',
      "KeyError: 'price'",
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      SEVERAL
    ].join('\n');
    expect(failingPlace(chained).line).toBe(1);
  });

  it.each([
    ['Cell In[4], line 4', 'Cell In[4], line 2, in pick(df)'],
    ['/tmp/ipykernel_7/12.py in <module>', '/tmp/ipykernel_7/12.py in pick(df)']
  ])('is the shown line, in a function of the executed cell (%s)', (first, second) => {
    const traceback = [
      first,
      '----> 4 total = pick(df)',
      '',
      second,
      '      1 def pick(df):',
      '----> 2     return df["total"]',
      '',
      "KeyError: 'total'"
    ].join('\n');
    expect(failingPlace(traceback).line).toBe(2);
    expect(failingLine(traceback)).toBe('return df["total"]');
  });

  it('is the innermost line of each file of the user', () => {
    const traceback = [
      '  File "/store/attempts/1/code/work.py", line 9, in <module>',
      '    main()',
      '  File "/store/attempts/1/code/work.py", line 5, in main',
      '    frame = read(path)',
      '  File "/store/attempts/1/code/lib/reading.py", line 2, in read',
      '    return load(path)',
      '  File "/env/lib/python3.12/site-packages/polars/io.py", line 80, in load',
      '    raise ValueError(path)'
    ].join('\n');
    expect(failingPlace(traceback).lines).toEqual({ 'work.py': 5, 'reading.py': 2 });
  });
});
