import { ApiError } from '../../../api/client';
import { IYard } from '../../../api/yard';
import { folderOf, isArchive } from '../archives';
import { Uploads } from '../uploads';

jest.mock('../../../api/upload', () => ({ uploadFile: async () => 'u1' }));

const source = { kind: 'upload', upload: 'u1' };
const taken = new ApiError(409, 'name-taken', 'There is one already.');

function fakeYard(call: jest.Mock): IYard {
  return { client: { call }, datasets: { put: jest.fn(), items: [] } } as unknown as IYard;
}

async function sent(call: jest.Mock, name: string, as = ''): Promise<Uploads> {
  const uploads = new Uploads();
  await uploads.add(fakeYard(call), [new File(['x'], name)], as);
  return uploads;
}

describe('D1: what is sent and may be unpacked', () => {
  it('is told by its name', () => {
    for (const [name, folder] of [
      ['images.zip', 'images'],
      ['a.b.tar.gz', 'a.b'],
      ['A.TGZ', 'A'],
      ['x.tar', 'x'],
      ['.zip', '.zip']
    ]) {
      expect([isArchive(name), folderOf(name)]).toEqual([true, folder]);
    }
    expect(['zip', 'a.csv', 'a.gz', 'a.zip.csv'].some(isArchive)).toBe(false);
  });

  it('is asked about, and becomes a folder or a file', async () => {
    const call = jest.fn().mockResolvedValue({ name: 'made' });
    const uploads = await sent(call, 'images.zip');
    expect(call).not.toHaveBeenCalled();
    uploads.rows[0].archive!.unpack();
    const body = { source, name: 'images', unpack: true };
    expect(call.mock.calls).toEqual([['datasets.create', { body }]]);
    (await sent(call, 'images.zip')).rows[0].archive!.keep();
    expect(call).toHaveBeenLastCalledWith('datasets.create', {
      body: { source, name: 'images.zip' }
    });
  });

  it('stays what was chosen where the name is taken', async () => {
    const call = jest.fn().mockRejectedValue(taken);
    const uploads = await sent(call, 'images.zip');
    uploads.rows[0].archive!.unpack();
    await new Promise(process.nextTick);
    expect(uploads.rows[0]).toMatchObject({ name: 'images', archive: undefined });
    uploads.rows[0].taken!.version();
    const body = { source, name: 'images', unpack: true, replace: true };
    expect(call).toHaveBeenLastCalledWith('datasets.create', { body });
  });

  it('may be the next version of a dataset', async () => {
    const call = jest.fn().mockResolvedValue({ name: 'made' });
    (await sent(call, 'new.zip', 'images')).rows[0].archive!.unpack();
    const body = { source, name: 'images', replace: true, unpack: true };
    expect(call).toHaveBeenLastCalledWith('datasets.create', { body });
  });

  it('is forgotten when it is dismissed', async () => {
    const call = jest.fn().mockResolvedValue(undefined);
    const uploads = await sent(call, 'images.zip');
    uploads.rows[0].cancel!();
    expect(uploads.rows).toEqual([]);
    expect(call).toHaveBeenCalledWith('uploads.delete', { path: { upload: 'u1' } });
  });

  it('other files are kept at once', async () => {
    const call = jest.fn().mockResolvedValue({ name: 'made' });
    const uploads = await sent(call, 'a.csv');
    expect(call).toHaveBeenCalledWith('datasets.create', { body: { source, name: 'a.csv' } });
    expect(uploads.rows).toEqual([]);
  });
});
