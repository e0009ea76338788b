import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json } from '../../../../api/__tests__/fake';
import { Deployment, Link } from '../../../../api/types';
import { IYard } from '../../../../api/yard';
import { TryIt } from '../TryIt';
import { IPanelServices } from '../../../frame/services';

const trans = nullTranslator.load('nbyard');
const LINK = { name: 'api', path: 'nbyard/deployments/cows/api/', answers: true } as Link;
const field = (name: string, place: string, part = {}) => ({
  name,
  place,
  type: 'string',
  help: '',
  default: null,
  choices: [],
  ...part
});
const FORMS = [
  {
    method: 'POST',
    path: '/v2/models/cows/predict/',
    title: 'Make a prediction',
    group: '',
    fields: [
      field('herd', 'query', { choices: ['small', 'large'], default: 'small' }),
      field('deep', 'query', { type: 'boolean' })
    ]
  },
  { method: 'GET', path: '/v2/models/', title: 'List models', group: '', fields: [] }
];

async function open(
  schema: () => unknown,
  forms: unknown[],
  answer: () => unknown = () => ({ answer: 42 })
) {
  const asked: string[] = [];
  const isUncounted = (input: Request) => input.headers.has('X-Nbyard-Uncounted');
  const client = fakeClient((method, url, input) => {
    expect(isUncounted(input)).toBe(url.endsWith('/schema'));
    if (url.endsWith('/schema')) {
      return schema();
    }
    if (url.endsWith('/api/deployments/d/forms')) {
      return { path: LINK.path, forms };
    }
    asked.push(`${method} ${url.replace('http://here/user/x/nbyard/deployments/cows/api/', '')}`);
    return answer();
  });
  const services = { trans, yard: { client } as IYard } as IPanelServices;
  const deployment = { id: 'd', serving: 1 } as Deployment;
  render(<TryIt services={services} deployment={deployment} link={LINK} takesFocus={() => true} />);
  const settle = () => act(() => new Promise(done => setTimeout(done, 20)));
  await settle();
  const send = async () => {
    fireEvent.click(screen.getByRole('button', { name: 'Send' }));
    await settle();
  };
  return { asked, send };
}

describe('P2, P3: a model that is tried', () => {
  afterEach(cleanup);

  it('has the forms of which a DEEPaaS service tells', async () => {
    const { asked, send } = await open(() => json(404, {}), FORMS);
    fireEvent.change(screen.getByLabelText('herd'), { target: { value: 'large' } });
    fireEvent.change(screen.getByLabelText('deep'), { target: { value: 'true' } });
    await send();
    expect(screen.getByRole('region', { name: 'Text' }).textContent).toContain('"answer": 42');
    fireEvent.change(screen.getByLabelText('Request'), { target: { value: '1' } });
    await send();
    expect(asked).toEqual(['POST v2/models/cows/predict/?herd=large&deep=true', 'GET v2/models/']);
  });

  it('has a field for each column of a model, which says what it refuses', async () => {
    const columns = [{ name: 'age', type: 'int' }];
    const details = [{ row: 0, field: 'age', message: 'is no whole number' }];
    const refuse = () => json(422, { error: 'refused', details });
    const { send } = await open(() => ({ input_schema: columns }), [], refuse);
    const age = screen.getByLabelText<HTMLInputElement>(/^age/);
    expect(age.value).toBe('1'); // no row is known
    expect(screen.getAllByText('int')).toHaveLength(1);
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Send' }));
    fireEvent.change(age, { target: { value: 'many' } });
    await send();
    expect(screen.getByRole('alert').textContent).toBe('is no whole number');
    expect(age.getAttribute('aria-invalid')).toBe('true');
    fireEvent.change(screen.getByLabelText('Request'), { target: { value: '1' } });
    expect(screen.getByLabelText(/^JSON/)).toHaveProperty('value', '[\n  {\n    "age": 1\n  }\n]');
  });

  it('shows the predicted value first, and its JSON folded', async () => {
    const answer = () => ({ prediction: { species: 'Gentoo' } });
    const columns = [{ name: 'age', type: 'int' }];
    const { send } = await open(() => ({ input_schema: columns }), [], answer);
    await send();
    expect(screen.getByText('species').nextSibling!.textContent).toBe('Gentoo');
    expect(screen.getByText('JSON').closest('details')!.open).toBe(false);
    expect(screen.getByRole('status').textContent).toMatch(/^Status 200 · \d+ ms$/);
  });

  it('says what the token of the snippets is', async () => {
    await open(() => json(404, {}), FORMS);
    expect(screen.getByText(/your Jupyter token/)).toBeTruthy();
  });

  it('says when it tells nothing', async () => {
    await open(() => 'no schema', []);
    expect(screen.getByText('The service does not describe its requests.')).toBeTruthy();
  });
});
