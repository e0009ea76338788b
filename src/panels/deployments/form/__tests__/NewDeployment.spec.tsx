import { CommandRegistry } from '@lumino/commands';
import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { fakeClient, json } from '../../../../api/__tests__/fake';
import { EventStream } from '../../../../api/eventStream';
import { IYard } from '../../../../api/yard';
import { NewDeployment } from '../NewDeployment';
import { IDeploymentTarget, IPanelServices } from '../../../frame/services';
import { FORM } from '../../__tests__/deploying';

const trans = nullTranslator.load('nbyard');

const MADE = {
  id: 'm',
  name: 'Train output_model',
  reference: 'nbyard/model-train:1',
  image: 'i',
  path: '',
  source: { run_id: 'r', run_number: 3, node: 'train', output: 'output_model' },
  model: {
    class_name: 'Doubler',
    inputs: [{ name: 'weight', type: 'float', nullable: true }],
    outputs: [{ name: 'twice', type: 'float' }],
    requirements: ['pandas==3 --hash=sha256:1', ...Array.from({ length: 13 }, (_, n) => `p${n}==1`)]
  }
};

const DEPLOYED = {
  id: 'd0',
  name: 'train-model',
  title: 'Penguins',
  state: 'running',
  runs: true,
  revision: 4,
  changed_at: '2030-01-01T00:00:00Z'
};

async function open(
  answer: (body: unknown) => unknown,
  target: string | IDeploymentTarget = {},
  deployed: readonly (typeof DEPLOYED)[] = [],
  reading: Promise<void> = Promise.resolve(),
  engine = FORM.engine
) {
  const sent: unknown[] = [];
  const removed: string[] = [];
  const renewed = Object.assign([] as string[], { isGone: false });
  const client = fakeClient(async (method, url, request) => {
    if (url.endsWith('/deployment-form')) {
      return { ...FORM, engine: { ...engine } };
    }
    if (method === 'DELETE') {
      removed.push(`${url.replace(/.*models/, '')}${request.keepalive ? ' as it goes' : ''}`);
      return new Response(null, { status: 204 });
    }
    if (url.endsWith('/renew')) {
      renewed.push(url.replace(/.*models/, ''));
      return renewed.isGone ? json(404, { code: 'not-found', message: 'Gone.' }) : MADE;
    }
    if (url.includes('/runs/r/previews/train/')) {
      return { node: 'train', model: { class_name: 'Tree', inputs: ['bill', 'flipper'] } };
    }
    if (url.includes('/runs/r/tasks')) {
      return { run: { id: 'r', number: 3 }, items: [{ node: 'train', label: 'train.ipynb' }] };
    }
    if (url.endsWith('/models/m/deployments')) {
      return { items: [], into: '', name: '', title: 'First 2' };
    }
    if (url.includes('/images/i/log')) {
      return { text: url.includes('after=0') ? 'no python:3.11-slim\n' : '', next: 20, done: true };
    }
    if (method === 'GET') {
      const names = ['cows:1', 'cows:1', 'bad:1'];
      const items = names.map(reference => ({
        reference,
        state: reference === 'bad:1' ? 'failed' : 'ready'
      }));
      return { items };
    }
    const text = await request.text();
    if (url.endsWith('/models/deployed')) {
      const [source, first] = [JSON.parse(text), deployed[0]];
      return {
        items: deployed,
        into: first?.runs ? 'd0' : '',
        name: first ? 'train-model-3' : '',
        title: source.run ? 'train' : '',
        class_names: { 'two.py': ['A', 'B'], 'one.py': ['First'] }[source.path as string] ?? []
      };
    }
    const body = text && JSON.parse(text);
    sent.push(method === 'PATCH' || !body ? [url.replace(/.*deployments/, ''), body] : body);
    if (/\/models\?separate=/.test(url)) {
      await reading;
      return built(body, url);
    }
    return answer(body);
  });
  const yard = { client, stream: new EventStream(client) } as IYard;
  const services = { trans, yard, commands: new CommandRegistry() } as IPanelServices;
  const onMade = jest.fn();
  const begin = typeof target === 'string' ? { image: target } : target;
  const { unmount } = render(<NewDeployment services={services} target={begin} onMade={onMade} />);
  await screen.findByRole('button', { name: /Deploy$/ });
  const settle = () => act(() => new Promise(done => setTimeout(done, 20)));
  await settle();
  const field = (name: RegExp) => screen.getByLabelText<HTMLInputElement>(name);
  const type = (name: RegExp, value: string) =>
    fireEvent.change(field(name), { target: { value } });
  const submit = async () => {
    fireEvent.click(screen.getByRole('button', { name: /Deploy$/ }));
    await settle();
  };
  const close = async () => {
    unmount();
    await settle();
  };
  return { close, field, onMade, removed, renewed, sent, submit, type };
}

/** What a class lacks is named, and a tag is there already. */
const built = ({ path, class_name }: { path?: string; class_name?: string }, url: string) => {
  if (path === 'tagged.py' && url.endsWith('separate=true')) {
    return json(409, { code: 'conflict', message: 'v1 was built already.', hint: 'Then anew.' });
  }
  const details = ['input_schema', 'output_schema'].map(side => ({
    path: `two.py:A.${side}`,
    message: 'not declared'
  }));
  const hint = 'Add to the class A:\n\n        input_schema = {}\n        output_schema = {}';
  return path === 'two.py' && class_name === 'A'
    ? json(422, { code: 'invalid', message: 'Invalid.', hint, details })
    : MADE;
};

describe('P1: without a container engine', () => {
  afterEach(cleanup);

  it('the form says at the top why and what helps, and creates no model until one responds', async () => {
    const finding = 'no such file';
    const engine = { ...FORM.engine, state: 'missing', finding, cure: 'Install Docker.' };
    const model = { run: 'r', output: 'train.output_model' };
    const { field, onMade, sent, submit } = await open(
      () => ({ id: 'd' }),
      { model },
      [],
      undefined,
      engine as never
    );
    const notice = () => screen.queryByText(/^Containers are unavailable: /);
    expect(notice()!.textContent).toContain('no such file. Install Docker.');
    expect(notice()!.querySelector('a')!.href).toMatch(/docker\.md#install-docker$/);
    expect(document.activeElement).toBe(field(/^Title/));
    // what is known without a build
    expect(field(/^Title/).value).toBe('train');
    expect(screen.getByText('train.ipynb → output_model, run 3')).toBeTruthy();
    expect(screen.getByText('bill, flipper')).toBeTruthy();
    expect(screen.getAllByText('known once the model is built')).toHaveLength(2);
    await submit();
    expect([sent, onMade.mock.calls]).toEqual([[], []]);
    expect(document.activeElement).toBe(notice()); // it may be out of sight
    expect(screen.getByRole('button', { name: 'Check Again and Deploy' })).toBeTruthy();
    engine.state = 'ok';
    await submit();
    expect(notice()).toBeNull();
    expect(onMade).toHaveBeenCalledWith('d', 'try');
    expect(sent).toHaveLength(2);
  });
});

describe('M6: a model is deployed while its image is built', () => {
  afterEach(cleanup);

  it('as an output of a run: what was found out of it is shown, Enter deploys', async () => {
    const model = { run: 'r', output: 'train.output_model' };
    const { field, onMade, sent, submit } = await open(() => ({ id: 'd' }), { model });
    expect(field(/^Image/).value).toBe('nbyard/model-train:1');
    expect(field(/^Title/).value).toBe('train');
    expect(document.activeElement).toBe(field(/^Title/));
    for (const text of [
      /^train.ipynb → output_model, run 3$/,
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

  it('the form has its final size while the model is read', async () => {
    const model = { run: 'r', output: 'train.output_model' };
    let read = () => undefined as void;
    const reading = new Promise<void>(done => (read = done));
    const { field } = await open(() => ({}), { model }, [], reading);
    const words = () => screen.getAllByRole('term').map(({ textContent }) => textContent);
    const before = words();
    expect(screen.getByText('Reading the model…')).toBeTruthy();
    const image = field(/^Image/);
    expect([image.placeholder, image.hasAttribute('aria-required')]).toEqual([
      'Built from the model',
      false
    ]);
    await act(async () => read());
    await waitFor(() => expect(image.value).toBe('nbyard/model-train:1'));
    expect(words()).toEqual(before);
  });

  it('a failed build shows its log, and is repeated by the next Deploy', async () => {
    const model = { run: 'r', output: 'train.output_model' };
    const details = [{ path: 'image', message: 'Not built.' }];
    const answers = [json(422, { code: 'invalid', message: 'Invalid.', details }), { id: 'd' }];
    const { onMade, sent, submit } = await open(() => answers.shift(), { model });
    await submit();
    expect(screen.getByText(/^Not built\./)).toBeTruthy();
    expect(screen.getByRole('log').textContent).toContain('no python:3.11-slim');
    expect(sent.filter(body => 'run' in (body as object))).toHaveLength(1);
    await submit();
    expect(sent.filter(body => 'run' in (body as object))).toHaveLength(2);
    expect(onMade).toHaveBeenCalledWith('d', 'try');
  });

  it('as a class of a file: the first one is chosen, and another one is built at once', async () => {
    const { field, sent, submit, type } = await open(() => ({ id: 'd' }), {
      model: { path: 'two.py' }
    });
    expect(field(/^Class/).value).toBe('A');
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('two.py:A.input_schema: not declared');
    expect(alert.textContent).toContain('two.py:A.output_schema: not declared');
    expect(screen.getByRole('region', { name: 'Lines to add' }).textContent).toBe(
      '    input_schema = {}\n    output_schema = {}'
    );
    type(/^Class/, 'B');
    expect(screen.queryByRole('alert')).toBeNull();
    await submit();
    expect(sent).toEqual([
      { path: 'two.py', class_name: 'A' },
      { path: 'two.py', class_name: 'B' },
      { service: 'api', preset: 'standard', image: 'nbyard/model-train:1' }
    ]);
  });

  it('as the class that was chosen before, and Enter in the title deploys', async () => {
    const model = { path: 'two.py', class_name: 'B' };
    const { field, onMade } = await open(() => ({ id: 'd' }), { model });
    expect(field(/^Class/).value).toBe('B');
    expect(document.activeElement).toBe(field(/^Title/));
    field(/^Title/).form!.requestSubmit(); // as the browser does on Enter
    await waitFor(() => expect(onMade).toHaveBeenCalledWith('d', 'try'));
  });
});

describe('M6: the title of a new deployment', () => {
  afterEach(cleanup);

  it.each([
    [{ run: 'r', output: 'train.output_model' }, 'train'],
    [{ path: 'one.py' }, 'First 2']
  ])('of %j is the free title by default', async (model, title) => {
    const { field } = await open(() => ({ id: 'd' }), { model });
    expect(field(/^Title/).value).toBe(title);
  });
});

describe('M6: what is built before it is deployed', () => {
  afterEach(cleanup);
  const model = { run: 'r', output: 'train.output_model' };

  it('goes with the form, unless the server knows who uses it', async () => {
    const { close, removed } = await open(() => ({ id: 'd' }), { model });
    expect(removed).toEqual([]);
    await close();
    await waitFor(() => expect(removed).toEqual(['/m?unless_used=true']));
  });

  it('goes with the page, and not once more', async () => {
    const { removed } = await open(() => ({ id: 'd' }), { model });
    const leave = (persisted: boolean) =>
      window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }));
    leave(true); // it may come back
    leave(false);
    await waitFor(() => expect(removed).not.toEqual([]));
    expect(removed).toEqual(['/m?unless_used=true as it goes']);
  });

  it('is kept while the form is open, and built anew where it is gone', async () => {
    const timers: (() => void)[] = [];
    const clock = jest.spyOn(window, 'setInterval').mockImplementation(((work: () => void) => {
      timers.push(work);
      return 7;
    }) as typeof window.setInterval);
    const stopped = jest.spyOn(window, 'clearInterval');
    const { close, renewed, sent } = await open(() => ({ id: 'd' }), { model });
    clock.mockRestore();
    const heard = async () => {
      timers.forEach(work => work());
      await act(() => new Promise(done => setTimeout(done, 20)));
    };
    await heard();
    expect(renewed.splice(0)).toEqual(['/m/renew']);
    expect(sent).toEqual([model]);
    renewed.isGone = true;
    await heard();
    expect(sent).toEqual([model, model]);
    await close();
    expect(stopped).toHaveBeenCalledWith(7);
    stopped.mockRestore();
  });

  it('is left alone until the deployment is there', async () => {
    let answered = (_: unknown) => {};
    const answer = new Promise(done => (answered = done));
    const { close, removed, submit } = await open(() => answer, { model });
    await submit();
    await close();
    expect(removed).toEqual([]);
    answered({ id: 'd' });
    await waitFor(() => expect(removed).toEqual(['/m?unless_used=true']));
  });

  it('takes no place: a tag that is there is built anew when it is deployed', async () => {
    const { close, removed, sent, submit } = await open(() => ({ id: 'd' }), {
      model: { path: 'tagged.py' }
    });
    expect(screen.getByText('v1 was built already. Then anew.')).toBeTruthy();
    expect(screen.queryByRole('alert')).toBeNull();
    await submit();
    expect(sent[2]).toMatchObject({ image: 'nbyard/model-train:1' });
    await close();
    expect(removed).toEqual([]);
  });
});

describe('M6: a model that is deployed already', () => {
  afterEach(cleanup);
  const model = { run: 'r', output: 'train.output_model' };

  it('becomes a new revision of that by Enter', async () => {
    const { field, onMade, sent, submit } = await open(
      () => ({ id: 'd0', is_wanted: true }),
      { model },
      [DEPLOYED]
    );
    expect(field(/^Deploy as/).value).toBe('d0');
    expect(screen.getByText('New revision of “Penguins”')).toBeTruthy();
    expect(document.activeElement).toBe(field(/^Image/));
    expect(screen.queryByLabelText(/^Service/)).toBeNull();
    expect(screen.queryByText('More')).toBeNull();
    await submit();
    const { revision, changed_at } = DEPLOYED;
    const change = { image: 'nbyard/model-train:1', revision, changed_at };
    expect(sent.slice(1)).toEqual([['/d0', change]]);
    expect(onMade).toHaveBeenCalledWith('d0', 'overview');
  });

  it('becomes another one when that is chosen, under a host name that is free', async () => {
    const others = [{ ...DEPLOYED, id: 'd1', name: 'train-model-2' }];
    const { field, sent, submit } = await open(() => ({ id: 'd' }), { model }, [
      DEPLOYED,
      ...others
    ]);
    expect(screen.getByText('New revision of “Penguins (train-model-2)”')).toBeTruthy();
    fireEvent.change(field(/^Deploy as/), { target: { value: '' } });
    expect(field(/^Host name/).value).toBe('train-model-3');
    await submit();
    expect(sent[1]).toMatchObject({ name: 'train-model-3', image: 'nbyard/model-train:1' });
  });

  it('is a new one where the other does not run, which is started if it is chosen', async () => {
    const { field, sent, submit } = await open(() => ({ id: 'd0', is_wanted: false }), { model }, [
      { ...DEPLOYED, state: 'stopped', runs: false }
    ]);
    expect(field(/^Deploy as/).value).toBe('');
    fireEvent.change(field(/^Deploy as/), { target: { value: 'd0' } });
    expect(screen.getByText('New revision of “Penguins” (stopped)')).toBeTruthy();
    await submit();
    expect(sent[2]).toEqual(['/d0/start', '']);
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
    expect(field(/^CPU \(1–10\)/).value).toBe('1');
    fireEvent.change(field(/^Hardware/), { target: { value: 'tutorial' } });
    expect(field(/^CPU \(2–4\)/).value).toBe('2');
    expect(document.activeElement).toBe(field(/^Image/));
  });

  it('shows help when it is asked for', async () => {
    await open(() => ({}));
    expect(screen.queryByText('Help for cpu.')).toBeNull();
    fireEvent.click(screen.getByRole('switch', { name: 'Show help' }));
    expect(screen.getByText('Help for cpu.')).toBeTruthy();
    expect(screen.getByText('About Model API.')).toBeTruthy();
  });

  it('says without help who reaches the ports of an image that is not ours', async () => {
    const { field } = await open(() => ({}));
    fireEvent.change(field(/^Service/), { target: { value: 'jupyterlab' } });
    expect(screen.getByText('About JupyterLab.')).toBeTruthy();
    expect(screen.queryByText(/need your sign-in/)).toBeNull();
  });

  it('P2: JupyterLab has its image, its ports and a password', async () => {
    const { field, sent, submit, type } = await open(() => ({ id: 'd' }));
    fireEvent.change(field(/^Service/), { target: { value: 'jupyterlab' } });
    expect(field(/^Image/).value).toBe('quay.io/jupyter/minimal-notebook:latest');
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

  it('shows defaults as values and marks changed ones, which an empty field restores', async () => {
    const { field, sent, submit, type } = await open(() => ({ id: 'd' }), 'cows:1');
    const notes = () => [
      ...field(/^CPU/).closest('.nby-Field')!.querySelectorAll('.nby-Field-note')
    ];
    const note = () => notes().map(({ textContent }) => textContent);
    expect(note()).toEqual(['default']);
    type(/^CPU/, '4');
    expect(note()).toEqual(['changed from 1']);
    type(/^CPU/, '');
    fireEvent.blur(field(/^CPU/));
    expect([field(/^CPU/).value, ...note()]).toEqual(['1', 'default']);
    type(/^CPU/, '4');
    fireEvent.click(screen.getByTitle(/^Reset “CPU.*” to its default$/));
    expect(document.activeElement).toBe(field(/^CPU/));
    await submit();
    expect(sent).toEqual([{ service: 'api', preset: 'standard', image: 'cows:1' }]);
  });

  it('does not send what is no number', async () => {
    const { sent, submit, type } = await open(() => ({}));
    type(/^CPU/, 'four');
    await submit();
    expect(screen.getByRole('alert').textContent).toBe('Enter a number.');
    expect(sent).toEqual([]);
  });

  it('P3: says at its own field what is wrong with a port', async () => {
    const details = [
      { path: 'ports.1.name', message: "'' has small letters" },
      { path: 'ports.1.port', message: '8000 appears twice' }
    ];
    const { submit } = await open(() => json(422, { code: 'invalid', details }), 'cows:1');
    fireEvent.click(screen.getByRole('button', { name: 'Add a Port' }));
    const [, link] = screen.getAllByRole<HTMLInputElement>('textbox', { name: 'Link' });
    const [first, port] = screen.getAllByRole<HTMLInputElement>('spinbutton', { name: 'Port' });
    expect(document.activeElement).toBe(link);
    (document.activeElement as HTMLElement).blur();
    await submit();
    expect(document.activeElement).toBe(link);
    const says = ({ attributes }: HTMLElement) =>
      document.getElementById(attributes.getNamedItem('aria-describedby')!.value)!.textContent;
    expect([says(link), says(port)]).toEqual(["'' has small letters", '8000 appears twice']);
    expect(first.getAttribute('aria-invalid')).toBe('false');
    fireEvent.change(port, { target: { value: '8001' } });
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('P3: has the ports of a model that was built here', async () => {
    const { sent, submit } = await open(() => ({ id: 'd' }), {
      model: { run: 'r', output: 'train.output_model' }
    });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Keep prefix' }));
    await submit();
    expect(sent[1]).toMatchObject({ ports: [{ path: '/v2/health/ready', keep_prefix: true }] });
  });

  it('has ports of its own', async () => {
    const { sent, submit } = await open(() => ({ id: 'd' }), 'cows:1');
    fireEvent.click(screen.getByRole('button', { name: 'Remove Port api' }));
    fireEvent.click(screen.getByRole('button', { name: 'Add a Port' }));
    fireEvent.change(screen.getByRole('textbox', { name: 'Link' }), { target: { value: 'web' } });
    await submit();
    const port = { name: 'web', port: 8000, path: '/', websocket: true, keep_prefix: false };
    expect(sent).toMatchObject([{ ports: [port] }]);
  });
});
