import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json, settled } from '../../api/__tests__/fake';
import { Environment } from '../../api/types';
import { IYard } from '../../api/yard';
import AddMissing from '../AddMissing';

const trans = nullTranslator.load('nbyard');
const CHANGES = [{ name: 'calf', old: '', new: '1.0' }];

function installed(number: number, state: string, name = 'cows', words = ''): Environment {
  const reason = words ? { code: 'text', params: { text: words } } : null;
  return { id: name, name, installed: 1, current: { number, state, reason } } as Environment;
}

/** The collection of environments; `tell` is an event. */
class Environments {
  items: Environment[] = [];
  changed = new Signal<this, void>(this);
  start = async () => undefined;
  find = (id: string) => this.items.find(one => one.id === id);
  put = (one: Environment) => {
    this.items = [...this.items.filter(({ id }) => id !== one.id), one];
    this.changed.emit();
  };
}

function open(
  environment: string,
  changes: readonly object[] = CHANGES,
  packages: readonly string[] = ['calf']
) {
  const asked: string[] = [];
  const client = fakeClient(async (_, url, request) => {
    const text = await request.text();
    const path = url.replace(/.*\/api\//, '');
    asked.push(`${path} ${text}`.trim());
    return path.endsWith('preview')
      ? json(200, { changes })
      : path.includes('retry')
        ? json(200, { id: 'next' })
        : json(200, installed(2, 'queued'));
  });
  const environments = new Environments();
  environments.items = [installed(1, 'ready', 'goats'), installed(1, 'ready')];
  const execute = jest.fn();
  render(
    <AddMissing
      yard={{ client, environments, runs: { put: jest.fn() } } as unknown as IYard}
      commands={{ execute } as never}
      trans={trans}
      run="r"
      missing={{ module: 'calf', packages: [...packages], environment }}
    />
  );
  return { asked, environments, execute };
}

async function press(name: string): Promise<void> {
  fireEvent.click(screen.getByRole('button', { name }));
  await answered();
}

async function answered(): Promise<void> {
  await act(async () => {
    await new Promise(done => setTimeout(done, 20));
    await settled();
  });
}

describe('L1: what a step lacked is added', () => {
  afterEach(cleanup);

  it('changes are shown first; the run goes on once they are installed', async () => {
    const { asked, environments, execute } = open('cows');
    await press('Add calf to cows and Retry');
    expect(asked).toEqual([]);
    await press('Preview');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('environments/cows');
    expect(asked[0]).toContain('{"add":"calf"}');
    await press('Install and Retry');
    expect(asked).toHaveLength(2);
    expect(screen.getByText('Installing…')).toBeTruthy();
    environments.put(installed(2, 'ready'));
    await answered();
    expect(asked[2]).toContain('runs/r/retry?environment=cows');
    expect(execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'next' });
  });

  it('what the installer says is told, and nothing is retried', async () => {
    const { asked, environments, execute } = open('cows');
    await press('Add calf to cows and Retry');
    await press('Preview');
    await press('Install and Retry');
    environments.put(installed(2, 'failed', 'cows', 'No calf anywhere.'));
    await answered();
    expect(screen.getByRole('alert').textContent).toContain('No calf anywhere.');
    expect(asked).toHaveLength(2);
    expect(execute).not.toHaveBeenCalled();
  });

  it('a step without an environment gets one that is chosen; what has it already is only used', async () => {
    const { asked } = open('', []);
    await press('Add calf to an Environment and Retry');
    const choice = screen.getByRole('combobox', { name: 'Environment' });
    fireEvent.change(choice, { target: { value: 'cows' } });
    await press('Preview');
    await press('Retry');
    expect(asked).toHaveLength(2);
    expect(asked[1]).toContain('runs/r/retry?environment=cows');
  });

  it('what is needed together is added together, one in each line', async () => {
    const { asked } = open('', CHANGES, ['pandas', 'pyarrow']);
    await press('Add pandas, pyarrow to an Environment and Retry');
    await press('Preview');
    expect(asked[0]).toContain('{"add":"pandas\\npyarrow"}');
  });
});
