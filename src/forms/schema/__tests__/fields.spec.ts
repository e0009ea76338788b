import { nullTranslator } from '@jupyterlab/translation';
import { DECLARED } from '../declared';
import { FieldKind, IField } from '../field';
import {
  bodyOf,
  declaredFields,
  problemAt,
  typedValues,
  unreadFields,
  visibleFields,
  withHiddenPasswords,
  withoutProblem,
  withoutSecrets
} from '../fields';

const trans = nullTranslator.load('nbyard');
const field = (name: string, kind: FieldKind, part: Partial<IField> = {}): IField => ({
  ...{ name, kind, label: name },
  ...part
});

describe('the values of a form', () => {
  const fields = [
    field('name', 'text'),
    field('task.goal', 'long text'),
    field('rules.0.long_seconds', 'minutes'),
    field('rules.0.events', 'boxes'),
    field('size', 'gigabytes'),
    field('words', 'words'),
    field('variables', 'pairs'),
    field('facts', 'facts'),
    field('force', 'box')
  ];

  it('come back as they were', () => {
    const item = {
      name: 'wine',
      task: { goal: ' two\nlines ' },
      rules: [{ long_seconds: 90, events: ['failed'] }],
      size: 1_100_000_000,
      words: ['a b', 'c'],
      variables: { A: ' x=1' },
      facts: { team: 'a=b' },
      force: true
    };
    const typed = typedValues(fields, item);
    expect(typed).toMatchObject({
      ...{ 'rules.0.long_seconds': '1.5', size: '1.1', words: 'a b\nc' },
      ...{ variables: 'A= x=1', facts: 'team = a=b' }
    });
    expect(bodyOf(fields, typed)).toEqual(item);
  });

  it('are empty for a new item, except first values', () => {
    const first = field('mode', 'choice', { first: 'follows' });
    expect(bodyOf([...fields, first], typedValues([...fields, first]))).toEqual({
      ...{ name: '', task: { goal: '' }, size: null, words: [], variables: {}, facts: {} },
      ...{ force: false, mode: 'follows', rules: [{ long_seconds: null, events: [] }] }
    });
  });

  it('are sent only if they were typed and are visible', () => {
    const hidden = field('path', 'text', { when: { kind: 'file' } });
    expect(bodyOf([field('a', 'text'), hidden], { path: 'x' })).toEqual({});
    expect(bodyOf([hidden], { path: ' x ', kind: 'file' })).toEqual({ path: 'x' });
  });

  it('are unread where a number is none', () => {
    const typed = { ...typedValues(fields), size: 'few', 'rules.0.long_seconds': ' ' };
    expect(unreadFields(fields, typed, trans)).toEqual({ size: 'Enter a number.' });
  });

  it('are unread where a whole number is missing or none', () => {
    const fields = [field('most', 'int'), field('count', 'int', { first: 10 })];
    const why = 'Enter a whole number.';
    const unread = (most: string, count?: string) => unreadFields(fields, { most, count }, trans);
    expect([unread('', ''), unread('1.5'), unread('-2', ' 7 ')]).toEqual([
      ...[{ count: why }, { most: why }, {}]
    ]);
  });

  it('are unread where a needed moment is missing', () => {
    const fields = [field('until', 'moment', { required: true }), field('since', 'moment')];
    const why = { until: 'Enter a date and a time for “until”.' };
    expect(unreadFields(fields, { until: '', since: '' }, trans)).toEqual(why);
    expect(unreadFields(fields, { until: '2027-01-31T18:00', since: '' }, trans)).toEqual({});
  });

  it('are hidden without one of the values that they need', () => {
    const fields = [field('most', 'int', { when: { kind: ['a', 'b'], mode: 'x' } })];
    const isVisible = (kind: string, mode: string) => visibleFields(fields, { kind, mode }).length;
    expect([isVisible('b', 'x'), isVisible('c', 'x'), isVisible('a', 'y')]).toEqual([1, 0, 0]);
  });

  it('are a moment with seconds, or none', () => {
    const moment = [field('at', 'moment')];
    expect(bodyOf(moment, { at: '2027-01-31T18:00' })).toEqual({ at: '2027-01-31T18:00:00' });
    expect(bodyOf(moment, { at: '' })).toEqual({ at: null });
  });

  it('are stored and spelled without secrets', () => {
    const secret = [
      field('token', 'password'),
      field('empty', 'password'),
      field('variables', 'pairs', { isSecret: true }),
      field('name', 'text')
    ];
    const typed = { token: 'hush', empty: '', variables: 'KEY=hush', name: 'api' };
    expect(withoutSecrets(secret, typed)).toEqual({ name: 'api' });
    expect(withHiddenPasswords(secret, typed)).toEqual({ ...typed, token: '***' });
  });
});

describe('the messages of a refusal', () => {
  it('are those about a field and its parts', () => {
    const problems = { 'facts.team': 'too long', 'words.1': 'no', words: 'many', other: 'x' };
    expect(problemAt(problems, 'facts')).toBe('team: too long');
    expect(problemAt(problems, 'words')).toBe('many; no');
    expect(problemAt(problems, 'name')).toBeUndefined();
    expect(withoutProblem(problems, 'words')).toEqual({ 'facts.team': 'too long', other: 'x' });
  });
});

describe('the declared fields', () => {
  it('are translated, each text', () => {
    const marked = { __: (text: string) => `<${text}>` } as typeof trans;
    const events = declaredFields('NewChannel', marked).find(({ kind }) => kind === 'boxes')!;
    expect([events.label, events.labels!.failed]).toEqual([
      ...['<Send a message when a run>', '<failed>']
    ]);
  });

  it.each(Object.keys(DECLARED))('of %s have a label and a kind each', struct => {
    const fields = declaredFields(struct, trans);
    expect(fields.length).toBeGreaterThan(0);
    for (const { label, kind, labels } of fields) {
      expect([label, kind].every(Boolean)).toBe(true);
      expect(!!labels || !['boxes', 'choice'].includes(kind) || struct === 'NewCredential').toBe(
        true
      );
    }
  });
});
