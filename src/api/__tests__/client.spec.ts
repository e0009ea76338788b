import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../client';
import { uploadFile } from '../upload';
import { fakeClient, json } from './fake';

describe('ApiClient', () => {
  it('fills paths and queries below the base address', async () => {
    const seen: string[] = [];
    const client = fakeClient((method, url) => {
      seen.push(`${method} ${url}`);
      return { items: [] };
    });
    await client.call('runs.list', { query: { workflow: 'a b.nbflow', limit: 1, after: '' } });
    await client.call('runs.log', { path: { run: 'r/1', node: 'n' }, query: { after: 5 } });
    expect(seen).toEqual([
      'GET http://here/user/x/nbyard/api/runs?workflow=a+b.nbflow&limit=1',
      'GET http://here/user/x/nbyard/api/runs/r%2F1/tasks/n/log?after=5'
    ]);
  });

  it('J1: limits lists to the active project, and names it', async () => {
    const seen: string[] = [];
    const client = fakeClient((method, url, request) => {
      const project = request.headers.get('Nbyard-Project') ?? '';
      seen.push(`${method} ${url.replace('http://here/user/x/nbyard/api', '')} ${project}`);
      return { items: [] };
    });
    client.project = 'p';
    await client.call('runs.list', { query: { limit: 1 } });
    await client.call('runs.list', { query: { workflow: 'a.nbflow' } });
    await client.call('projects.list', {});
    await client.call('runs.create', { body: { path: 'a.nbflow' } });
    client.project = '';
    await client.call('datasets.list', {});
    expect(seen).toEqual([
      'GET /runs?project=p&limit=1 p',
      'GET /runs?workflow=a.nbflow p',
      'GET /projects p',
      'POST /runs p',
      'GET /datasets '
    ]);
  });

  it('E5: carries refusals with their fields', async () => {
    const details = [{ path: 'arguments.2.name', message: 'is there twice' }];
    const body = { code: 'invalid', message: 'No.', hint: 'Rename it.', details, request_id: 'q' };
    const client = fakeClient(() => json(422, body));
    const error = await client
      .call('executables.create', { body: { path: 'x.py' } })
      .catch((e: ApiError) => e);
    expect(error).toMatchObject({ status: 422, code: 'invalid', hint: 'Rename it.', details });
  });

  it('shows the reason of a refusal in the language of the user', async () => {
    const inner = { code: 'folder-changed', params: { name: 'x' } };
    const details = [{ path: 'pins.a', message: 'in English', reason: inner }];
    const reason = { code: 'field', params: { path: 'pins.a', reason: inner } };
    const body = { code: 'invalid', message: 'in English', details, reason };
    const german = {
      __: (text: string, ...values: string[]) =>
        values.reduce(
          (told, value, n) => told.replace(`%${n + 1}`, value),
          text.replace(/the folder (.*) changed/, 'Ordner $1 ist anders')
        )
    } as unknown as TranslationBundle;
    const error = await fakeClient(() => json(422, body), german)
      .call('runs.list', {})
      .catch((e: ApiError) => e);
    expect(error).toMatchObject({ message: 'pins.a: Ordner x ist anders' });
    expect((error as ApiError).details[0].message).toBe('Ordner x ist anders');
  });

  it('leaves out hints for the command line', async () => {
    const hint = (code: string) => ({ hint: 'In words.', hint_reason: { code, params: {} } });
    for (const [code, shown] of [
      ['give-input-file', ''],
      ['of-a-newer-server', 'In words.']
    ]) {
      const body = { code: 'invalid', message: 'No.', details: [], ...hint(code) };
      const error = fakeClient(() => json(422, body)).call('runs.list', {});
      await expect(error).rejects.toMatchObject({ hint: shown });
    }
  });

  it.each([undefined, null, { code: 'of-a-newer-server', params: {} }])(
    'shows the message of a refusal with the reason %j',
    async reason => {
      const details = [{ path: 'name', message: 'is refused', reason }];
      const whole = reason && { code: 'field', params: { path: 'name', reason } };
      const body = { code: 'invalid', message: 'name: is refused', details, reason: whole };
      const error = await fakeClient(() => json(422, body))
        .call('runs.list', {})
        .catch((e: ApiError) => e);
      expect(error).toMatchObject({ message: 'name: is refused' });
      expect((error as ApiError).details[0].message).toBe('is refused');
    }
  );

  it.each([
    ['deployments.list', {}, 2],
    ['runs.create', { body: { path: 'a.nbflow' } }, 2],
    ['deployments.stop', { path: { deployment: 'd' } }, 0]
  ] as const)(
    'P1: repeats %s if it got lost and repeating is safe',
    async (id, question, times) => {
      jest.useFakeTimers();
      const keys: (string | null)[] = [];
      const client = fakeClient((method, url, request) => {
        keys.push(request.headers.get('Idempotency-Key'));
        if (keys.length <= 2) {
          throw new TypeError('Failed to fetch');
        }
        return { id: 'x' };
      });
      const found = client.call(id, question as never).catch((error: ApiError) => error.code);
      await jest.advanceTimersByTimeAsync(1000);
      expect(await found).toEqual(times ? { id: 'x' } : 'unreachable');
      expect(keys).toHaveLength(1 + times);
      expect(new Set(keys).size).toBe(1); // a repeated write carries the same key
      expect(!!keys[0]).toBe(id === 'runs.create');
      jest.useRealTimers();
    }
  );

  it('says when there is no server', async () => {
    jest.useFakeTimers();
    const client = fakeClient(() => {
      throw new TypeError('Failed to fetch');
    });
    const answer = client.call('runs.list', {}).catch((error: ApiError) => error.code);
    await jest.advanceTimersByTimeAsync(1000);
    expect(await answer).toBe('unreachable');
    jest.useRealTimers();
  });
});

describe('uploadFile', () => {
  it('D1: goes on where the server is after a broken connection', async () => {
    jest.useFakeTimers({ advanceTimers: true });
    const offsets: (string | null)[] = [];
    let broken = false;
    const client = fakeClient((method, url, request) => {
      if (method === 'POST') {
        return { id: 'u', filename: 'f', offset: 0 };
      }
      if (method === 'GET') {
        return { id: 'u', filename: 'f', offset: 4 };
      }
      offsets.push(request.headers.get('Upload-Offset'));
      if (!broken) {
        broken = true;
        throw new TypeError('Failed to fetch');
      }
      return { id: 'u', filename: 'f', offset: 10 };
    });
    const progress: number[] = [];
    const file = new File(['0123456789'], 'f.csv');
    const id = await uploadFile(client, file, { onProgress: done => progress.push(done) });
    expect(id).toBe('u');
    expect(offsets).toEqual(['0', '4']);
    expect(progress).toEqual([0, 4, 10]);
    jest.useRealTimers();
  });
});
