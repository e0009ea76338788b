import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropped, folderOfChosen, IFolder, tarOf } from '../folders';

const FILES = {
  'a.csv': 'x\n1\n',
  'empty.txt': '',
  'sub/größe – ñ.txt': 'unicode',
  [`${'deep/'.repeat(40)}${'n'.repeat(100)}.txt`]: 'long',
  'block.bin': 'b'.repeat(512)
};

function chosen(path: string, text: string): File {
  const file = new File([text], path.split('/').pop()!);
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
}

/** What the tar of this machine finds in an archive of a folder. */
async function unpacked(folder: IFolder): Promise<Record<string, string>> {
  const place = mkdtempSync(join(tmpdir(), 'folders-'));
  try {
    const input = Buffer.from(await tarOf(folder).arrayBuffer());
    const said = execFileSync('tar', ['-xvf', '-', '-C', place], { input, encoding: 'utf8' });
    expect(said.split('\n').filter(Boolean)).toHaveLength(folder.members.length);
    const paths = folder.members.map(({ path }) => path);
    return Object.fromEntries(paths.map(path => [path, readFileSync(join(place, path), 'utf8')]));
  } finally {
    rmSync(place, { recursive: true });
  }
}

describe('D6: a folder of the own computer', () => {
  it('that was chosen is sent as an archive of its files', async () => {
    const files = Object.entries(FILES).map(([path, text]) => chosen(`mine/${path}`, text));
    const folder = folderOfChosen(files)!;
    expect(folder.name).toBe('mine');
    expect(await unpacked(folder)).toEqual(FILES);
    expect(tarOf(folder).name).toBe('mine.tar');
  });

  it('may not be chosen at all', () => expect(folderOfChosen([])).toBeUndefined());

  it('that was dropped is read to its end, beside files', async () => {
    const file = (name: string) => ({
      isFile: true,
      name,
      file: (done: (file: File) => void) => done(new File([name], name))
    });
    const many = Array.from({ length: 250 }, (_, n) => file(`${n}.txt`));
    const folder = (name: string, children: unknown[]) => ({
      isDirectory: true,
      name,
      createReader: () => {
        let at = 0;
        return {
          readEntries: (done: (some: unknown[]) => void) => done(children.slice(at, (at += 100)))
        };
      }
    });
    const entries = [file('one.csv'), folder('mine', [folder('sub', many), file('b.csv')])];
    const transfer = {
      items: [
        { kind: 'string', webkitGetAsEntry: () => null },
        ...entries.map(entry => ({ kind: 'file', webkitGetAsEntry: () => entry }))
      ],
      files: [new File(['1'], 'one.csv'), new File([], 'mine')]
    };
    const found = await dropped(transfer as unknown as DataTransfer);
    expect(found.files.map(({ name }) => name)).toEqual(['one.csv']);
    const [{ name, members }] = found.folders;
    expect([name, members.length]).toEqual(['mine', 251]);
    expect(members[0].path).toBe('sub/0.txt');
    expect(members[250].path).toBe('b.csv');
  });
});
