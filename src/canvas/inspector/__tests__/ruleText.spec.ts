import { nullTranslator } from '@jupyterlab/translation';
import { ruleText } from '../ruleText';

it.each([
  [{ rule: 'columns', columns: ['id', 'age'], closed: true }, ['id, age']],
  [{ rule: 'columns', columns: ['id'] }, ['id']],
  [{ rule: 'type', column: 'age', type: 'int' }, ['age', 'int']],
  [{ rule: 'nulls', column: 'age' }, ['age']],
  [{ rule: 'nulls', column: 'age', most: 0.055, level: 'warn' }, ['age', '5.5 %']],
  [{ rule: 'range', column: 'age', min: 0 }, ['age ≥ 0']],
  [{ rule: 'range', column: 'age', min: 0, max: 9 }, ['age 0 … 9']],
  [{ rule: 'unique', columns: ['day', 'shop'] }, ['day, shop']],
  [{ rule: 'values', column: 'kind', values: ['a', 'b'] }, ['kind', 'a, b']],
  [{ rule: 'rows', max: 9 }, ['≤ 9']],
  [{ rule: 'fresh', column: 'day', hours: 48 }, ['day', '48']],
  [{ rule: 'reference', column: 'code', dataset: 'shops' }, ['code', 'shops']],
  [{ rule: 'metric', name: 'auc', min: 0.5 }, ['auc ≥ 0.5']],
  [{ rule: 'close', figure: 'mean', name: 'age', within: 0.25 }, ['age', '25 %']],
  [{ rule: 'close', figure: 'metric', name: 'auc', within: 0.1 }, ['auc', '10 %']],
  [{ rule: 'close', figure: 'content' }, []]
])('K16: says what the rule %j demands', (rule, parts) => {
  const text = ruleText(rule, nullTranslator.load('nbyard'));
  for (const part of parts) {
    expect(text).toContain(part);
  }
  expect(text).not.toMatch(/%\d|undefined|null/);
});
