import { nullTranslator } from '@jupyterlab/translation';
import { fakeClient } from '../../../api/__tests__/fake';
import { ApiError } from '../../../api/client';
import { EventStream } from '../../../api/eventStream';
import { Deployment, Revision } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { showProblem } from '../../../components/problems';
import { deletionText, deploymentActions } from '../actions';
import { deploymentsOf } from '../state/collection';
import { FieldKind, IField } from '../../../forms/schema/field';
import { typedValue, unreadFields } from '../../../forms/schema/fields';
import {
  changeOf,
  fieldsOf,
  placedProblems,
  requestBody,
  storedValues,
  valuesOf
} from '../form/draft';
import { actionsOf, addressOf, changesOf, hardwareOf, isAtRest, titleAmong } from '../state/texts';
import { IPanelServices } from '../../frame/services';
import { field, FORM, PORT } from './deploying';

jest.mock('../../../components/problems', () => ({ showProblem: jest.fn() }));

const trans = nullTranslator.load('nbyard');
const of = (part: object) => part as Deployment;

describe('P3: deployments', () => {
  it('are told apart by their host names where their titles are the same', () => {
    const [cows, more, own, blank] = [
      { id: '1', title: 'Cows', name: 'cows' },
      { id: '2', title: 'Cows', name: 'cows-2' },
      { id: '3', title: 'sheep', name: 'sheep' },
      { id: '4', title: '', name: 'goats' }
    ];
    const among = (one: typeof cows, ...others: (typeof cows)[]) => titleAmong(one, others);
    expect(among(cows, cows, own, blank)).toBe('Cows');
    expect(among(cows, cows, more)).toBe('Cows (cows)');
    expect(among(more, cows, more)).toBe('Cows (cows-2)');
    expect(among(own, own, { ...own, id: '5', name: 'other' })).toBe('sheep');
    expect(among(blank, blank, { ...blank, id: '6' })).toBe('goats');
  });

  it('of a class are not opened if its file is not saved', async () => {
    const save = () => Promise.reject(new Error('disk full'));
    const context = { path: 'model.py', model: { dirty: true }, save };
    const contents = { driveName: () => '', localPath: (path: string) => path };
    const app = { shell: { widgets: () => [{ context }] }, serviceManager: { contents } };
    await deploymentActions.deployClass({ app, trans } as unknown as IPanelServices, ['model.py']);
    const reason = expect.objectContaining({ message: 'model.py is not saved.' });
    expect(showProblem).toHaveBeenCalledWith('Not deployed.', reason, trans);
  });

  it('are read when they are first shown', async () => {
    const asked: string[] = [];
    const client = fakeClient((_, url) => {
      asked.push(url);
      return { items: [{ id: 'd' }] };
    });
    const stream = new EventStream(client);
    jest.spyOn(stream, 'start').mockResolvedValue(undefined);
    const yard = { client, stream } as IYard;
    const deployments = deploymentsOf(yard);
    expect(deploymentsOf(yard)).toBe(deployments);
    expect(asked).toEqual([]);
    await deployments.start();
    expect(deployments.items).toEqual([{ id: 'd' }]);
  });

  it.each([
    ['queued', 'stop'],
    ['running', 'stop'],
    ['down', 'stop'],
    ['stopping', 'start'],
    ['stopped', 'start'],
    ['failed', 'start']
  ])('one that is %s is there to %s', (state, turn) => {
    expect(actionsOf(of({ state, revision: 1 }))).toEqual([
      `nbyard:${turn}-deployment`,
      'nbyard:edit-deployment',
      'nbyard:delete-deployment'
    ]);
  });

  it('are rolled back when there was another revision', () => {
    expect(actionsOf(of({ state: 'running', revision: 2 }))).toContain(
      'nbyard:roll-back-deployment'
    );
  });

  it('have their address below that of the server', () => {
    const yard = { client: fakeClient(() => ({})) } as unknown as IYard;
    const link = { path: 'nbyard/deployments/cows/api/' };
    expect(addressOf(yard, link as never)).toBe('http://here/user/x/nbyard/deployments/cows/api/');
  });

  it('tell what they run on', () => {
    expect(hardwareOf({ cpu: 1, memory_gb: 8, gpu: 0 }, trans)).toBe('1 CPU · 8 GB');
    expect(hardwareOf({ cpu: 4, memory_gb: 2, gpu: 1 }, trans)).toBe('4 CPUs · 2 GB · 1 GPU');
    expect(['stopped', 'completed', 'failed', 'down'].map(state => isAtRest({ state }))).toEqual([
      true,
      true,
      true,
      false
    ]);
  });

  it('tell what a revision has otherwise', () => {
    const revision = (spec: object) => ({ spec }) as Revision;
    const first = revision({ cpu: 4, command: [], environment: { A: 'b' }, ports: [PORT] });
    const next = revision({ cpu: 2, command: ['a', 'b'], environment: {}, ports: [] });
    expect(changesOf(first, undefined)).toEqual([]);
    expect(changesOf(first, first)).toEqual([]);
    expect(changesOf(next, first)).toEqual([
      { name: 'cpu', old: '4', now: '2' },
      { name: 'command', old: '', now: 'a b' },
      { name: 'environment', old: 'A=b', now: '' },
      { name: 'ports', old: 'api:5000/', now: '' }
    ]);
  });

  it('P4: tell what deleting them removes', () => {
    const services = { trans } as IPanelServices;
    const said = (part: object) => deletionText(services, of({ name: 'cows', ...part }));
    const running = said({ state: 'running', revision: 3, spec: { gpu: 1 } });
    expect(running).toContain('The deployment is stopped');
    expect(running).toContain('Its GPU becomes free');
    expect(running).toContain('All 3 revisions');
    expect(running).toContain('The host name cows becomes free');
    const stopped = said({ state: 'stopped', revision: 1, spec: { gpu: 1 } });
    expect(stopped).not.toContain('The deployment is stopped');
    expect(stopped).not.toContain('GPU');
    expect(stopped).toContain('The revision,');
  });
});

describe('P1, P2: the form of a deployment', () => {
  const names = (service: string, preset = 'standard') =>
    fieldsOf(FORM, { service: service as 'api', preset }, trans).map(({ name }) => name);

  it('has the fields of the service', () => {
    expect(names('api')).not.toContain('password');
    expect(names('api')).toContain('command');
    expect(names('jupyterlab')).toContain('password');
    expect(names('jupyterlab')).not.toContain('command');
  });

  it('asks first for little', () => {
    const fields = fieldsOf(FORM, { service: 'jupyterlab', preset: 'standard' }, trans);
    const first = fields.filter(({ more }) => !more);
    expect(first.map(({ name }) => name)).toEqual(['image', 'title', 'password']);
    expect(first.map(one => one.required)).toEqual([false, false, true]);
    expect(first[0].default).toBe('quay.io/jupyter/minimal-notebook:latest');
  });

  it('has the ranges of the preset', () => {
    const label = (preset: string, name: string) =>
      fieldsOf(FORM, { service: 'api', preset }, trans).find(one => one.name === name)!.label;
    expect(label('standard', 'cpu')).toBe('CPU (1–10)');
    expect(label('tutorial', 'cpu')).toBe('CPU (2–4)');
    expect(label('standard', 'memory_gb')).toBe('Memory (2–40 GB)');
    expect(label('standard', 'title')).toBe('Title');
  });

  const given = [
    field('image', 'text'),
    field('cpu', 'number'),
    field('command', 'words'),
    field('environment', 'pairs'),
    field('ports', 'ports'),
    field('password', 'password')
  ];
  const fields = given.map(({ name, kind }): IField => ({ name, kind, label: name }));

  it('keeps no passwords and no variables for a reload', () => {
    const form = { ...FORM, presets: [{ name: 'p', title: 'P', fields: given }] };
    const values = { image: 'a:1', environment: 'TOKEN=hush', password: 'hush', ports: [PORT] };
    expect(storedValues(form, values, trans)).toEqual({ image: 'a:1', ports: [PORT] });
  });

  it('sends what was typed, as what it is', () => {
    const values = {
      image: 'cows:2',
      cpu: '2.5',
      command: 'a b\nc',
      environment: 'A=b=c\n\nD',
      ports: [PORT],
      password: '',
      title: 'of another service'
    };
    expect(requestBody(fields, values)).toEqual({
      image: 'cows:2',
      cpu: 2.5,
      command: ['a b', 'c'],
      environment: { A: 'b=c', D: '' },
      ports: [PORT]
    });
  });

  it('does not take what is no number', () => {
    expect(unreadFields(fields, { cpu: 'two', image: 'x' }, trans)).toEqual({
      cpu: 'Enter a number.'
    });
    expect(unreadFields(fields, { cpu: '' }, trans)).toEqual({});
  });

  it('P4: sends of an edited one what is otherwise', () => {
    const spec = { image: 'cows:1', cpu: 4, command: ['a'], environment: {}, ports: [PORT] };
    const now = valuesOf(of({ title: 'Cows', description: '', spec }));
    const values = Object.fromEntries(
      fields.map(one => [one.name, typedValue(one, now[one.name])])
    );
    expect(changeOf(fields, values, now)).toEqual({});
    const edited = { ...values, image: 'cows:2', command: '', cpu: '', ports: [] };
    expect(changeOf(fields, edited, now)).toEqual({ image: 'cows:2', command: [], ports: [] });
    expect(changeOf(fields, { ...values, password: 'long enough' }, now)).toEqual({
      password: 'long enough'
    });
  });

  it.each<[FieldKind, unknown, unknown]>([
    ['number', 4, '4'],
    ['number', undefined, ''],
    ['text', null, ''],
    ['words', ['a', 'b c'], 'a\nb c'],
    ['pairs', { A: 'b' }, 'A=b'],
    ['ports', [PORT], [PORT]],
    ['ports', undefined, []]
  ])('shows a value of the kind %s', (kind, value, text) => {
    expect(typedValue({ name: 'x', label: 'x', kind }, value)).toEqual(text);
  });

  it('tells what is refused at its field', () => {
    const details = [
      { path: 'cpu', message: 'must be from 1 to 10' },
      { path: 'ports.0.name', message: "'A' is no name" },
      { path: 'ports.1.port', message: '0 is no port' },
      { path: 'preset', message: 'there is none' }
    ];
    expect(placedProblems(new ApiError(422, 'invalid', 'no', '', details), fields)).toEqual({
      cpu: 'must be from 1 to 10',
      'ports.0.name': "'A' is no name",
      'ports.1.port': '0 is no port',
      '': 'preset: there is none'
    });
    const refused = new ApiError(422, 'invalid', 'no', 'Name one.', details.slice(0, 1));
    expect(placedProblems(refused, fields)).toEqual({ cpu: 'must be from 1 to 10. Name one.' });
    expect(placedProblems(new ApiError(409, 'stale', 'Too late.', 'Read anew.'), fields)).toEqual({
      '': 'Too late. Read anew.'
    });
    expect(placedProblems(new Error('away'), fields)).toEqual({ '': 'away' });
  });
});
