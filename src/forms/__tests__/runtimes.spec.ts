import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { renderHook, waitFor } from '@testing-library/react';
import { ApiClient } from '../../api/client';
import { environmentNames, readyImages, useRuntimes } from '../runtimes';

it('images are offered once they are ready, each reference once', async () => {
  const images = ['cows:1', 'cows:1', 'bad:1'].map(reference => ({
    reference,
    state: reference === 'bad:1' ? 'failed' : 'ready'
  }));
  const call = async (id: string) => ({ items: id === 'images.list' ? images : [{ name: 'lab' }] });
  const client = { call } as unknown as ApiClient;
  expect(await readyImages(client)).toEqual(['cows:1']);
  expect(await environmentNames(client)).toEqual(['lab']);
});

it('environments of others are offered with their owner, on a hub', async () => {
  const items = [
    { name: 'lab', owner: 'bob' },
    { name: 'torch', owner: 'ann' }
  ];
  const client = { call: async () => ({ items }) } as unknown as ApiClient;
  expect(await environmentNames(client)).toEqual(['lab', 'torch']);
  PageConfig.setOption('hubServerUser', 'bob');
  expect(await environmentNames(client)).toEqual(['lab', 'ann/torch']);
  PageConfig.setOption('hubServerUser', '');
});

it('a runtime for others is not offered, and the form says why', async () => {
  const answer = { names: ['docker'], note: { code: 'dask-of-others', params: {} } };
  const asked = Promise.resolve(answer);
  const trans = nullTranslator.load('nbyard');
  const { result } = renderHook(() => useRuntimes(asked, '', trans));
  expect(result.current).toEqual([['process'], '']);
  const why = 'The administrator gives the Dask cluster only to others.';
  await waitFor(() => expect(result.current).toEqual([['docker'], why]));
  const failed = Promise.reject(new Error());
  const other = renderHook(() => useRuntimes(failed, 'dask', trans));
  await waitFor(() => expect(other.result.current).toEqual([['process', 'dask'], '']));
});
