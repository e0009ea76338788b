import {
  addedDraft,
  argumentOf,
  argumentsOf,
  draftOf,
  errorOf,
  newDraft,
  tellsArguments
} from '../draft';

describe('argument drafts', () => {
  it('E8: notebooks and functions say themselves how they get what they take', () => {
    const kinds = ['notebook', 'function', 'command', 'spreadsheet'];
    expect(kinds.filter(tellsArguments)).toEqual(['notebook', 'function']);
  });

  it('E3, E4: come back as they were', () => {
    const all = [
      { name: 'raw', role: 'input', format: 'csv', required: true, help: 'the table' },
      { name: 'fit', role: 'output', format: 'json', output_class: 'model' },
      { name: 'n', type: 'int', default: 3, reach: { kind: 'option', flag: '-n', joined: false } },
      {
        name: 'r',
        type: 'float',
        default: 0.5,
        reach: { kind: 'option', flag: '--r', joined: true }
      },
      { name: 'mode', reach: { kind: 'option', flag: '--mode', joined: null } },
      { name: 'loud', type: 'bool', default: false, reach: { kind: 'flag', flag: '--loud' } },
      { name: 'list', type: 'list', default: [1, 2], reach: { kind: 'positional', position: 2 } },
      { name: 'sizes', type: 'list', reach: { kind: 'words', flag: '--sizes' } },
      { name: 'from', reach: { kind: 'positional', position: 0, separated: true } },
      { name: 'how', type: 'choice', choices: ['a', 'b'], default: 'b' },
      { name: 'home', type: 'string', default: '', nullable: true },
      { name: 'out', role: 'output', reach: { kind: 'stdout' } }
    ];
    for (const argument of all) {
      const back = argumentOf(draftOf(argument as never));
      if (argument.name !== 'home') {
        expect(back).toMatchObject(argument);
      }
    }
  });

  it('E5: sends what is no value as it was typed, for the server to refuse', () => {
    const draft = { ...newDraft('n'), type: 'int' as const, hasDefault: true, default: 'many' };
    expect(argumentOf(draft).default).toBe('many');
    expect(argumentOf({ ...draft, reach: 'positional', word: 'x' }).reach).toEqual({
      kind: 'positional',
      position: 'x'
    });
  });

  it('E4: an argument that is added is given under its name unless another way is told', () => {
    const draft = { ...addedDraft(), name: 'top_n' };
    const reach = (change: object) => argumentOf({ ...draft, ...change }).reach;
    expect(reach({})).toEqual({ kind: 'option', flag: '--top-n', joined: false });
    expect(reach({ word: '-n' })).toEqual({ kind: 'option', flag: '-n', joined: false });
    expect(reach({ reach: 'variable' })).toEqual({ kind: 'variable', variable: 'TOP_N' });
    expect(reach({ reach: '' })).toBeUndefined();
  });

  it('E4: a positional argument takes the next place unless one is told', () => {
    const place = (word: string) => ({ ...newDraft('a'), reach: 'positional' as const, word });
    const reaches = argumentsOf([place(''), addedDraft(), place(''), place('7')]);
    expect(reaches.map(({ reach }) => (reach as { position?: number }).position)).toEqual([
      0,
      undefined,
      1,
      7
    ]);
  });

  it('E3: choices are words between commas, or a JSON list', () => {
    const choices = (text: string) =>
      argumentOf({ ...newDraft('how'), type: 'choice', choices: text }).choices;
    expect(choices('fast, exact ,')).toEqual(['fast', 'exact']);
    expect(choices('[1, "a, b"]')).toEqual([1, 'a, b']);
    const back = draftOf({ name: 'how', type: 'choice', choices: [1, 'a, b'] } as never);
    expect(argumentOf(back).choices).toEqual([1, 'a, b']);
  });

  it('E13: keep what their file tells of them and the form has no words for', () => {
    const each = { kind: 'bound', prefix: '-B=', joined: true };
    const all = [
      { name: 'names', type: 'list', items: 'int', reach: { kind: 'bound', position: 2, each } },
      {
        name: 'kinds',
        type: 'list',
        items: 'choice',
        choices: ['a'],
        reach: { kind: 'referenced' }
      },
      { name: 'all', role: 'output', type: 'list', reach: { kind: 'found', patterns: ['*.txt'] } },
      { name: 'said', role: 'output', reach: { kind: 'stderr' } }
    ];
    for (const argument of all) {
      expect(argumentOf(draftOf(argument as never))).toMatchObject(argument);
    }
    const [first] = all.map(argument => draftOf(argument as never));
    expect(argumentOf({ ...first, reach: 'option' }).reach).toEqual({
      kind: 'option',
      flag: '--names',
      joined: false
    });
  });

  it('E5: finds what was said of a field', () => {
    const errors = { 'arguments.1.name': 'used twice', 'arguments.1.reach.flag': 'odd' };
    expect(errorOf(errors, 1, 'name')).toBe('used twice');
    expect(errorOf(errors, 1, 'reach')).toBe('odd');
    expect(errorOf(errors, 0, 'name')).toBeUndefined();
  });
});
