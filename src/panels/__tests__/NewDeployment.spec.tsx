import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json } from '../../api/__tests__/fake';
import { EventStream } from '../../api/eventStream';
import { IYard } from '../../api/yard';
import { NewDeployment } from '../deployments/NewDeployment';
import { IDeploymentTarget, IPanelServices } from '../services';
import { FORM } from './deploying';

const trans = nullTranslator.load('nbyard');

const MADE = {
  id: 'm',
  name: 'Train output_model',
  reference: 'nbyard/model-train:1',
  path: '',
  source: { run_id: 'r', run_number: 3, node: 'train', output: 'output_model' },
  model: {
    class_name: 'Doubler',
    inputs: [{ name: 'weight', type: 'float', nullable: true }],
    outputs: [{ name: 'twice', type: 'float' }],
    requirements: ['pandas==3 --hash=sha256:1', ...Array.from({ length: 13 }, (_, n) => `p${n}==1`)]
  }
};

async function open(answer: (body: unknown) => unknown, target: string | IDeploymentTarget = {}) {
  const sent: unknown[] = [];
  const client = fakeClient(async (method, url, request) => {
    if (url.endsWith('/form')) {
      return FORM;
    }
    if (method === 'GET') {
      const names = ['cows:1', 'cows:1', 'bad:1'];
      const items = names.map(reference => ({
        reference,
        state: reference === 'bad:1' ? 'failed' : 'ready'
      }));
      return { items };
    }
    const body = JSON.parse(await request.text());
    sent.push(body);
    return url.endsWith('/models') ? built(body) : answer(body);
  });
  const yard = { client, stream: new EventStream(client) } as IYard;
  const services = { trans, yard } as IPanelServices;
  const onMade = jest.fn();
  const begin = typeof target === 'string' ? { image: target } : target;
  render(<NewDeployment services={services} target={begin} onMade={onMade} />);
  await screen.findByRole('combobox', { name: 'Service' });
  const settle = () => act(() => new Promise(done => setTimeout(done, 20)));
  await settle();
  const field = (name: RegExp) => screen.getByLabelText<HTMLInputElement>(name);
  const type = (name: RegExp, value: string) =>
    fireEvent.change(field(name), { target: { value } });
  const submit = async () => {
    fireEvent.click(screen.getByRole('button', { name: 'Deploy' }));
    await settle();
  };
  return { field, onMade, sent, submit, type };
}

/** Of two classes one has to be named. */
const built = ({ path, class_name }: { path?: string; class_name?: string }) =>
  path === 'two.py' && !class_name
    ? json(422, { code: 'invalid', details: [{ path: 'class_name', message: 'A or B' }] })
    : MADE;

describe('M6: a model is deployed while its image is built', () => {
  afterEach(cleanup);

  it('as an output of a run: what was found out of it is shown, Enter deploys', async () => {
    const model = { run: 'r', output: 'train.output_model' };
    const { field, onMade, sent, submit } = await open(() => ({ id: 'd' }), { model });
    expect(field(/^Image/).value).toBe('nbyard/model-train:1');
    expect(field(/^Title/).placeholder).toBe('Train output_model');
    for (const text of [
      /^output_model of train, run 3$/,
      /^weight: float\?$/,
      /^pandas==3, p0==1/
    ]) {
      expect(screen.getByText(text)).toBeTruthy();
    }
    expect(screen.getByText(/ p10==1 and 2 more$/)).toBeTruthy();
    await submit();
    const deployed = { service: 'api', preset: 'standard', image: 'nbyard/model-train:1' };
    expect(sent).toEqual([model, deployed]);
    expect(onMade).toHaveBeenCalledWith('d', 'try');
  });

  it('as a class of a file, which is named where there are several', async () => {
    const { field, sent, submit, type } = await open(() => ({ id: 'd' }), {
      model: { path: 'two.py' }
    });
    expect(screen.getByRole('alert').textContent).toBe('A or B');
    type(/^Class/, 'A');
    expect(screen.queryByRole('alert')).toBeNull();
    await submit();
    expect(sent.slice(1)).toEqual([
      { path: 'two.py', class_name: 'A' },
      { service: 'api', preset: 'standard', image: 'nbyard/model-train:1' }
    ]);
    expect(field(/^Class/).placeholder).toBe('Doubler');
  });
});

describe('P1: a new deployment', () => {
  afterEach(cleanup);

  it('needs nothing but its image; the rest is filled in by the server', async () => {
    const { field, onMade, sent, submit } = await open(() => ({ id: 'd' }), 'cows:1');
    expect(field(/^Image/).value).toBe('cows:1');
    await submit();
    expect(sent).toEqual([{ service: 'api', preset: 'standard', image: 'cows:1' }]);
    expect(onMade).toHaveBeenCalledWith('d', 'try');
  });

  it('offers the images that are here, and shows defaults and ranges', async () => {
    const { field } = await open(() => ({}));
    const offered = [...document.querySelectorAll('datalist option')];
    expect(offered.map(option => option.getAttribute('value'))).toEqual(['cows:1']);
    expect(field(/^CPU \(1–10\)/).placeholder).toBe('1');
    fireEvent.change(field(/^Hardware/), { target: { value: 'tutorial' } });
    expect(field(/^CPU \(2–4\)/).placeholder).toBe('2');
    expect(document.activeElement).toBe(field(/^Image/));
  });

  it('shows help when it is asked for', async () => {
    await open(() => ({}));
    expect(screen.queryByText('Help for cpu.')).toBeNull();
    fireEvent.click(screen.getByRole('switch', { name: 'Show help' }));
    expect(screen.getByText('Help for cpu.')).toBeTruthy();
    expect(screen.getByText('About Model API.')).toBeTruthy();
  });

  it('P2: JupyterLab has its image, its ports and a password', async () => {
    const { field, sent, submit, type } = await open(() => ({ id: 'd' }));
    fireEvent.change(field(/^Service/), { target: { value: 'jupyterlab' } });
    expect(field(/^Image/).placeholder).toBe('quay.io/jupyter/minimal-notebook:latest');
    type(/^Password/, 'long enough');
    await submit();
    expect(sent).toEqual([{ service: 'jupyterlab', preset: 'standard', password: 'long enough' }]);
  });

  it('says what is refused at its field, which then has the focus', async () => {
    const details = [{ path: 'memory_gb', message: 'must be from 2 to 40 GB' }];
    const { field, onMade, submit, type } = await open(() =>
      json(422, { code: 'invalid', details })
    );
    type(/^Memory/, '99');
    await submit();
    expect(screen.getByRole('alert').textContent).toBe('must be from 2 to 40 GB');
    expect(document.activeElement).toBe(field(/^Memory/));
    expect(document.querySelector('details')!.open).toBe(true);
    type(/^Memory/, '9');
    expect(screen.queryByRole('alert')).toBeNull();
    expect(onMade).not.toHaveBeenCalled();
  });

  it('does not send what is no number', async () => {
    const { sent, submit, type } = await open(() => ({}));
    type(/^CPU/, 'four');
    await submit();
    expect(screen.getByRole('alert').textContent).toBe('A number is needed.');
    expect(sent).toEqual([]);
  });

  it('has ports of its own', async () => {
    const { sent, submit } = await open(() => ({ id: 'd' }), 'cows:1');
    fireEvent.click(screen.getByRole('button', { name: 'Remove port api' }));
    fireEvent.click(screen.getByRole('button', { name: 'Add a Port' }));
    fireEvent.change(screen.getByRole('textbox', { name: 'Link' }), { target: { value: 'web' } });
    await submit();
    const port = { name: 'web', port: 8000, path: '/', websocket: true, keep_prefix: false };
    expect(sent).toMatchObject([{ ports: [port] }]);
  });
});
