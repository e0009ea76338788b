import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { IPanelServices } from '../../frame/services';
import { workflowActions } from '../actions';

const MADE = {
  path: 'lab/lab.nbflow',
  nodes: ['clean', 'train'],
  connections: 1,
  results: ['train.model'],
  project: ''
};

async function make(paths: string[], call: jest.Mock) {
  const open = jest.fn();
  const services = {
    yard: { client: { call } },
    trans: nullTranslator.load('nbyard'),
    commands: { execute: open }
  } as unknown as IPanelServices;
  await workflowActions.workflowFromFiles(services, paths);
  return open;
}

describe('a workflow of the files that somebody already has', () => {
  it.each([
    [
      ['a.ipynb', 'b.py'],
      ['a.ipynb', 'b.py']
    ],
    [[''], ['.']]
  ])('%j is created from them, and opened', async (paths, files) => {
    const success = jest.spyOn(Notification, 'success').mockReturnValue('');
    const call = jest.fn(async () => MADE);
    const open = await make(paths, call);
    expect(call).toHaveBeenCalledWith('workflows.from_files', { body: { files } });
    expect(open).toHaveBeenCalledWith('docmanager:open', { path: MADE.path });
    expect(success).toHaveBeenCalledWith(expect.stringContaining('model'), expect.anything());
  });

  it('says why it cannot be created', async () => {
    const error = jest.spyOn(Notification, 'error').mockReturnValue('');
    const open = await make(
      [''],
      jest.fn(async () => Promise.reject(new Error('There is no notebook')))
    );
    expect(open).not.toHaveBeenCalled();
    expect(error).toHaveBeenCalled();
  });
});
