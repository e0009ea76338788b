import { ApiClient } from '../../api/client';
import { environmentNames, readyImages } from '../runtimes';

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
