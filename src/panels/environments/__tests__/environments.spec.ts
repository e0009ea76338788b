import { nullTranslator } from '@jupyterlab/translation';
import { ApiError } from '../../../api/client';
import { fakeClient, settled } from '../../../api/__tests__/fake';
import { Environment, EnvironmentVersion, Kernel, LogChunk } from '../../../api/types';
import { LogReader } from '../../frame/growingLog';
import { renewKernels } from '../kernels';
import { originOf } from '../OtherKernels';
import {
  stillInstalledText,
  kindOf,
  refusedPackages,
  sizeOf,
  stateOf,
  summary
} from '../../../environments/texts';
import { IPanelServices } from '../../frame/services';

const trans = nullTranslator.load('nbyard');
const version = (part: object) => part as EnvironmentVersion;

describe('L1, L2: what was refused', () => {
  const error = (message: string, hint: string, ...details: [string, string][]) =>
    new ApiError(
      422,
      'invalid',
      message,
      hint,
      details.map(([path, said]) => ({ path, message: said }))
    );

  it('names each line that cannot be', () => {
    const found = refusedPackages(
      error(
        'requirements, line 3: no',
        '',
        ['requirements.3', 'the option -e is not allowed'],
        ['requirements.4', 'no requirement']
      ),
      trans
    );
    expect(found).toEqual(['Line 3: the option -e is not allowed', 'Line 4: no requirement']);
  });

  it('is told in its words where no field is named', () => {
    expect(refusedPackages(error('No such package: x', 'Look.'), trans)).toEqual([
      'No such package: x. Look.'
    ]);
    expect(refusedPackages(new Error('gone'), trans)).toEqual(['gone']);
  });
});

describe('L5: kernels that are no environment', () => {
  it('say what they are', () => {
    const kernel = (part: object) => ({ language: 'R', place: '', ...part }) as Kernel;
    expect(originOf(kernel({ origin: 'conda', place: '/envs/sea' }), trans)).toBe(
      'R · conda environment sea'
    );
    expect(originOf(kernel({ origin: 'system' }), trans)).toBe('R · of this machine');
    expect(originOf(kernel({ origin: 'venv', place: '/x/v', language: '' }), trans)).toBe(
      'virtual environment v'
    );
  });
});

describe('L2: words', () => {
  it('an environment that is ready is installed', () => {
    expect(stateOf(version({ state: 'ready' }))).toBe('installed');
    expect(stateOf(version({ state: 'failed' }))).toBe('failed');
  });

  it('tell number and size', () => {
    expect(sizeOf(version({ packages: [1, 2], size_bytes: 1024 }), trans)).toBe(
      '2 packages · 1.0 kB'
    );
    expect(sizeOf(version({ packages: [] }), trans)).toBe('');
  });

  it('what stands after a failure', () => {
    expect(stillInstalledText({ installed: 2 } as Environment, trans)).toMatch(
      /version 2 is installed/
    );
    expect(stillInstalledText({ installed: 0 } as Environment, trans)).toMatch(
      /try again, or delete/
    );
  });

  it('changes are counted by kind', () => {
    const changes = [
      { name: 'a', old: '', new: '1' },
      { name: 'b', old: '1', new: '2' },
      { name: 'c', old: '1', new: '' },
      { name: 'd', old: '', new: '3' }
    ];
    expect(changes.map(kindOf)).toEqual(['added', 'changed', 'removed', 'added']);
    expect(summary(changes, trans)).toBe('2 added, 1 changed, 1 removed');
    expect(summary([], trans)).toBe('');
  });
});

describe('L2: the log of installing', () => {
  it('is read on from the byte where it stands, until it is done', async () => {
    const asked: number[] = [];
    let text = 'one\ntwö\n';
    let done = false;
    const reader = new LogReader(async after => {
      asked.push(after);
      const bytes = Buffer.from(text).subarray(after);
      return { text: bytes.toString(), next: after + bytes.length, done, start: after } as LogChunk;
    });
    await reader.read();
    expect(reader.buffer.lines).toEqual(['one', 'twö']);
    expect(reader.done).toBe(false);
    text += 'three\n';
    done = true;
    await reader.read();
    await reader.read();
    expect(reader.buffer.lines).toEqual(['one', 'twö', 'three']);
    expect(asked).toEqual([0, 9, 9]);
  });

  it('what comes after it was left is not taken', async () => {
    const reader = new LogReader(async () => {
      reader.control.abort();
      return { text: 'late\n', next: 5, done: true, start: 0 } as LogChunk;
    });
    await reader.read();
    expect(reader.buffer.lines).toEqual([]);
  });
});

describe('L1: JupyterLab hears of a kernel', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('looks until it is offered, one look after the other', async () => {
    const specs: Record<string, object> = {};
    const refreshSpecs = jest.fn(async () => {
      if (refreshSpecs.mock.calls.length === 3) {
        specs['nbyard-cows'] = {};
      }
    });
    const kernelspecs = { refreshSpecs, specs: { kernelspecs: specs } };
    const cows = { installed: 1, kernel: 'nbyard-cows', current: { place: '/x' } };
    const inImage = { installed: 1, kernel: 'nbyard-ants', current: { place: '' } };
    const client = fakeClient(() => ({ items: [cows, inImage] }));
    const services = { app: { serviceManager: { kernelspecs } }, yard: { client } };
    const done = renewKernels(services as unknown as IPanelServices);
    const again = renewKernels(services as unknown as IPanelServices);
    for (let turn = 0; turn < 8; turn++) {
      await settled();
      jest.advanceTimersByTime(250);
    }
    await done;
    await again;
    expect(refreshSpecs).toHaveBeenCalledTimes(4);
  });
});
