import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json, settled } from '../../../../api/__tests__/fake';
import { EventStream } from '../../../../api/eventStream';
import { Artifact } from '../../../../api/types';
import { IYard } from '../../../../api/yard';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { Preview, previewOf } from '../Preview';

const MODEL = {
  id: 'a1',
  run_id: 'r',
  node: 'train',
  name: 'model',
  filename: 'model.joblib',
  format: 'joblib',
  size_bytes: 2048,
  output_class: 'model'
} as Artifact;
const deploy = jest.fn();
const open = jest.fn();

async function show(answer: object | Response, deployed: object[] = []): Promise<string> {
  const commands = new CommandRegistry();
  commands.addCommand('nbyard:deploy-output', { label: 'Deploy', execute: deploy });
  commands.addCommand('nbyard:open-deployment', { label: 'Open', execute: open });
  const client = fakeClient((_, url) =>
    url.endsWith('/models/deployed') ? { items: deployed, into: '', name: '' } : answer
  );
  const yard = { client, stream: new EventStream(client) } as unknown as IYard;
  const services = { yard, commands, trans: nullTranslator.load('nbyard') };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Preview shown={previewOf(yard, MODEL)} />
    </RunContext.Provider>
  );
  await act(settled);
  return screen.getByRole('region', { name: 'Model model' }).textContent!;
}

describe('the card of a model', () => {
  it('shows class, inputs and size, and deploys', async () => {
    const inputs = ['length', 'depth'];
    const text = await show({ model: { class_name: 'Pipeline', features: 2, inputs } });
    expect(text).toMatch(/^Pipeline.*lengthdepth.*2.*kB/);
    fireEvent.click(screen.getByRole('button', { name: 'Deploy' }));
    expect(deploy).toHaveBeenCalledWith({ run: 'r', output: 'train.model', isTile: true });
  });

  it('names its deployments, also those from other runs of the node', async () => {
    const deployed = [
      { id: 'd1', name: 'penguins', title: 'Penguins model', state: 'running' },
      { id: 'd2', name: 'old', title: '', state: 'stopped', other_run: 7 }
    ];
    const text = await show({ model: { class_name: 'SVC' } }, deployed);
    expect(text).toContain('Deployed asPenguins modelrunningoldstopped with the model of run 7');
    fireEvent.click(screen.getByRole('button', { name: 'old' }));
    expect(open).toHaveBeenCalledWith({ id: 'd2' });
  });

  it('says how many features there are besides those with a name', async () => {
    const model = { class_name: 'SVC', features: 60, inputs: ['f0'] };
    expect(await show({ model })).toContain('f0and 59 more');
  });

  it('says what is not known', async () => {
    expect(await show({ model: { class_name: 'SVC', features: 4 } })).toContain('4 features');
  });

  it('can be deployed although nothing could be read', async () => {
    const text = await show(json(404, { code: 'not-found', message: 'Gone.' }));
    expect(text).toMatch(/^Model.*not known before it is deployed/);
    screen.getByRole('button', { name: 'Deploy' });
  });
});
