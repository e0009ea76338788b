import * as apputils from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { IPanelServices } from '../../frame/services';
import { openWorkflow } from '../open';

jest.mock('@jupyterlab/apputils', () => ({
  ...jest.requireActual('@jupyterlab/apputils'),
  showDialog: jest.fn()
}));

const shared = { id: 'w1', path: '/ann/flows/sales.nbflow', owner: 'ann', pushed_path: '' };
const own = { id: 'w2', path: 'sales.nbflow', owner: 'bob', pushed_path: '' };

function services(names: string[], problem?: object) {
  const call = jest.fn(async (operation: string, _?: object) =>
    operation === 'workflows.show' ? { items: [{ node: 'one', executable: 'a.py', problem }] } : {}
  );
  const execute = jest.fn(async (_: string, __: object) => undefined);
  const contents = {
    get: jest.fn(async (_: string) => ({ content: names.map(name => ({ name })) })),
    localPath: (path: string) => path.replace('RTC:', '')
  };
  const made = {
    app: { serviceManager: { contents } },
    browser: { tracker: { currentWidget: { model: { path: 'RTC:deep' } } } },
    commands: { execute },
    trans: nullTranslator.load('nbyard'),
    yard: { client: { call }, workflows: { items: [shared, own] } }
  };
  return { made: made as unknown as IPanelServices, call, execute };
}

describe('a workflow of another user', () => {
  const warned = jest.spyOn(apputils.Notification, 'warning').mockReturnValue('');
  const answer = (accept: boolean) =>
    jest.mocked(apputils.showDialog).mockResolvedValueOnce({ button: { accept } } as never);
  beforeEach(() => PageConfig.setOption('hubServerUser', 'bob'));
  afterEach(() => {
    PageConfig.setOption('hubServerUser', '');
    jest.clearAllMocks();
  });

  it.each([
    [[], 'deep/sales.nbflow'],
    [['sales.nbflow', 'sales 2.nbflow'], 'deep/sales 3.nbflow']
  ])('is copied into the current folder with %j, and opened', async (names, path) => {
    answer(true);
    const { made, call, execute } = services(names, { code: 'no-file' });
    await openWorkflow(made, shared.path);
    expect(call).toHaveBeenCalledWith('workflows.restore', { query: { path, workflow: 'w1' } });
    expect(execute).toHaveBeenCalledWith('docmanager:open', { path });
    expect(warned.mock.calls[0][0]).toContain('a.py');
  });

  it('is left alone unless the user wants a copy, and a whole copy has no warning', async () => {
    const { made, call, execute } = services([]);
    answer(false);
    await openWorkflow(made, shared.path);
    expect([call.mock.calls, execute.mock.calls]).toEqual([[], []]);
    answer(true);
    await openWorkflow(made, shared.path);
    expect(execute).toHaveBeenCalledTimes(1);
    expect(warned).not.toHaveBeenCalled();
  });

  it('is no own workflow, which opens at once', async () => {
    const { made, call, execute } = services([]);
    await openWorkflow(made, own.path);
    expect(execute).toHaveBeenCalledWith('docmanager:open', { path: own.path });
    expect(call).not.toHaveBeenCalled();
  });
});
