import { parameterFields } from '../arguments';

it('K7: parameters become fields; one without a default is required', () => {
  const fields = parameterFields({ seed: { type: 'int', default: 7 }, who: { type: 'string' } });
  expect(fields).toEqual([
    { name: 'seed', role: 'value', type: 'int', format: '', default: 7, required: false },
    { name: 'who', role: 'value', type: 'string', format: '', required: true }
  ]);
});
